import { Authorized, Fresh, Public } from "latchkey/routing-controllers";
import {
  Delete,
  Get,
  getMetadataArgsStorage,
  JsonController,
  MetadataArgsStorage,
  OnUndefined,
  Param,
  Patch,
  Post,
  Put,
} from "routing-controllers";
import { OpenAPI } from "routing-controllers-openapi";

/** Actions with every kind of guard. */
@JsonController("/articles")
export class ArticleController {
  @Public() @Get("/") list() {
    return [];
  }
  @Get("/:id") read(@Param("id") id: string) {
    return { id };
  }
  @Authorized("admin") @Post("/") create() {
    return {};
  }
  @Fresh() @Put("/:id") replace(@Param("id") id: string) {
    return { id };
  }
  @Fresh() @Authorized("admin") @Delete("/:id") @OnUndefined(204) remove(@Param("id") _id: string) {}
  @Fresh({ methods: ["otp"] }) @Patch("/:id") change(@Param("id") id: string) {
    return { id };
  }
  @Fresh({ methods: ["otp"] }) @Authorized("admin") @Post("/all") publishAll() {
    return {};
  }
  @Get("/export/:format")
  @OpenAPI({
    operationId: "exportArticles",
    responses: {
      401: { description: "No one is logged in, and the key is wrong.", content: { "text/plain": {} } },
      403: { description: "The export is too large.", content: { "application/json": {} } },
    },
  })
  export(@Param("format") format: string) {
    return { format };
  }
}

@Public()
@JsonController("/help")
export class HelpController {
  @Get("/") show() {
    return {};
  }
  @Authorized() @Get("/mine") mine() {
    return {};
  }
}

export const documentedControllers = [ArticleController, HelpController];

/**
 * The storage of routing-controllers with these controllers only. routing-controllers-openapi describes all actions in a
 * storage, and throws for those of a base class that is not a controller.
 */
export function documentedStorage(): MetadataArgsStorage {
  const { controllers, actions, ...others } = getMetadataArgsStorage();
  const isDocumented = ({ target }: { target: unknown }) => documentedControllers.some((one) => one === target);
  const own = { controllers: controllers.filter(isDocumented), actions: actions.filter(isDocumented) };
  return Object.assign(new MetadataArgsStorage(), others, own);
}
