import { openStore } from "latchkey/stores";
import { backendsHere, shared } from "../support/backends.js";
import { places } from "../support/processes.js";
import { storeCases } from "../support/store-cases.js";

/** For each backend: creates an empty place for a store, and returns its URL. */
const urls: Record<string, () => Promise<{ url: string; remove(): Promise<void> }>> = {
  memory: async () => ({ url: "memory:", remove: async () => {} }),
  "redis-cluster": async () => {
    const { nodes } = await shared.cluster();
    return { url: `redis+cluster://127.0.0.1:${nodes[0]!.port}`, remove: async () => {} };
  },
  ...places,
};

for (const { name } of await backendsHere(...Object.keys(urls))) {
  describe(`the store that openStore opens on ${name}`, () => {
    let place: { url: string; remove(): Promise<void> };
    let store: Awaited<ReturnType<typeof openStore>>;
    before(async () => {
      place = await urls[name]!();
      store = await openStore(place.url);
    });
    after(async () => {
      await store?.close();
      await place?.remove();
    });
    for (const { name, run } of storeCases({ store: () => store })) it(name, run);
  });
}
