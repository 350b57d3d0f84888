import { Authorized, Fresh, Public } from "latchkey/routing-controllers";
import { Get, JsonController } from "routing-controllers";

/** What a class or a method says about who may reach its actions. */
export type Said = "nothing" | "public" | "login" | "role" | "fresh";

/** Where an action is written, and where its route is declared. */
export type Shape = "own" | "inherited" | "overridden" | "redeclared";

/** A controller with one action and its base class, and what each of them says. */
export interface Case {
  path: string;
  name: string | number | symbol;
  shape: Shape;
  base: { class: Said; method: Said };
  own: { class: Said; method: Said };
}

const DECORATORS = {
  nothing: [],
  public: [Public()],
  login: [Authorized()],
  role: [Authorized("admin")],
  fresh: [Fresh()],
} satisfies Record<Said, ReadonlyArray<(target: object, method?: string) => void>>;

const ALL: readonly Said[] = ["nothing", "public", "login", "role", "fresh"];
const NOTHING: readonly Said[] = ["nothing"];

/** Every combination of declarations. A class that is public has no guarded base class, because that is an error. */
export function everyCase(): Case[] {
  const cases: Case[] = [];
  for (const shape of ["own", "inherited", "overridden", "redeclared"] as const) {
    for (const ofBase of ALL)
      for (const ofClass of ALL)
        for (const inBase of shape === "own" ? NOTHING : ALL)
          for (const inClass of shape === "inherited" ? NOTHING : ALL) {
            if (ofClass === "public" && !["nothing", "public"].includes(ofBase)) continue;
            const n = cases.length;
            const name = [`act${n}`, n, Symbol(`act${n}`)][n % 3]!;
            const [base, own] = [
              { class: ofBase, method: inBase },
              { class: ofClass, method: inClass },
            ];
            cases.push({ path: `/case/${n}`, name, shape, base, own });
          }
  }
  return cases;
}

/** Writes the controller of a case. */
export function controllerOf({ path, name, shape, base, own }: Case): new () => object {
  class Base {}
  class Own extends Base {}
  const route = (target: object) => Get("/")(target, name as string);
  const decorate = (said: Said, target: object, method?: Case["name"]) => {
    for (const decorator of DECORATORS[said]) decorator(target, method as string);
  };
  if (shape !== "own") {
    Object.defineProperty(Base.prototype, name, { value: () => "reached" });
    route(Base.prototype);
    decorate(base.method, Base.prototype, name);
  }
  decorate(base.class, Base);
  if (shape !== "inherited") {
    Object.defineProperty(Own.prototype, name, { value: () => "reached" });
    if (shape !== "overridden") route(Own.prototype);
    decorate(own.method, Own.prototype, name);
  }
  decorate(own.class, Own);
  JsonController(path)(Own);
  return Own;
}

/** What a request needs to reach the action; empty if everybody may. */
export interface Expected {
  needs: ReadonlySet<"login" | "role" | "fresh">;
  declared: boolean;
}

/** A model of the rules in docs/routing-controllers.md. */
export function expectedOf({ shape, base, own }: Case, denyByDefault: boolean): Expected {
  const isOpened = own.method === "public" || base.method === "public";
  // A method that is public also takes away what its class and base classes say.
  const counted = own.method === "public" ? [] : base.method === "public" ? [own] : [own, base];
  const said = counted.flatMap((one) => [one.class, one.method]);
  const needs = new Set(said.filter((one) => one !== "nothing" && one !== "public"));
  if (needs.size > 0) return { needs, declared: true };
  const isInPublicClass = own.class === "public" || (shape === "inherited" && base.class === "public");
  if (isOpened || isInPublicClass) return { needs, declared: true };
  return { needs: new Set(denyByDefault ? ["login" as const] : []), declared: false };
}
