import { Authorized } from "latchkey/routing-controllers";
import { Get, JsonController } from "routing-controllers";

@Authorized()
abstract class Base {
  @Get("/inherited") inherited() {
    return "inherited";
  }
}

/** A controller that routing-controllers loads from its folder. */
@JsonController("/loaded")
export class LoadedController extends Base {
  @Get("/own") own() {
    return "own";
  }
}
