import { rememberTokenConformance } from "latchkey/testing";
import { type Backend, backendsHere } from "../support/backends.js";

for (const { name, open } of await backendsHere()) {
  describe(`the remembered browsers of the ${name} store`, () => {
    let opened: Awaited<ReturnType<Backend["open"]>>;
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());
    for (const { name, run } of rememberTokenConformance({ store: () => opened.store.rememberTokens! })) it(name, run);
  });
}
