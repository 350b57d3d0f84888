import { type OpenStore, openStore } from "latchkey/stores";
import { afterTest } from "./after-test.js";

/** Opens a store until the end of the test. */
export async function openedStore(url: string): Promise<OpenStore> {
  const store = await openStore(url);
  afterTest(() => store.close());
  return store;
}
