import { Get, JsonController } from "routing-controllers";

/** A controller that routing-controllers loads from its folder. It imports nothing of latchkey. */
@JsonController("/undeclared")
export class UndeclaredController {
  @Get("/own") own() {
    return "own";
  }
}
