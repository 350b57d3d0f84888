import { Authorized, Public } from "latchkey/routing-controllers";
import { All, Get, Authorized as ItsAuthorized, JsonController } from "routing-controllers";

abstract class Base {
  @Get("/inherited") inherited() {
    return "inherited";
  }
  @Public() @Get("/inherited/public") inheritedPublic() {
    return "public";
  }
}
@JsonController("/silent")
export class Silent extends Base {
  @Get("/own") own() {
    return "own";
  }
  @All("/all") all() {
    return "all";
  }
  @Public() @Get("/public") public() {
    return "public";
  }
  @ItsAuthorized() @Get("/its-own") itsOwn() {
    return "its own";
  }
}

@Public()
@JsonController("/open")
export class Open extends Base {
  @Get("/own") own() {
    return "own";
  }
  @Authorized("admin") @Get("/admin") admin() {
    return "admin";
  }
  @Get("/routed") routed() {
    return "routed";
  }
  @Get("/property") property = () => "property";
}
@JsonController("/below")
export class BelowOpen extends Open {
  @Get("/added") added() {
    return "added";
  }
  @Get("/own") override own() {
    return "again";
  }
  override routed() {
    return "overridden without a route";
  }
  @Get("/property") override property = () => "again";
}

/** Controllers with actions that declare nothing. */
export const undeclaredControllers = [Silent, Open, BelowOpen];

/** The paths of actions for which nothing is declared. */
export const UNDECLARED = [
  ...["/silent/inherited", "/silent/own", "/silent/all"],
  ...["/below/added", "/below/own", "/below/routed", "/below/property"],
];

/** The paths of actions that are declared public. */
export const PUBLIC = [
  ...["/silent/public", "/silent/inherited/public", "/open/own", "/open/inherited", "/open/property"],
  "/below/inherited",
];
