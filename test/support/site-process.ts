import { openStore } from "latchkey/stores";
import { addCrowd } from "./people.js";
import { serve } from "./server.js";
import { site } from "./site.js";
import { WatchedStore } from "./watched-store.js";

// A process of its own that serves the site of the tests over the store of a URL, for a crowd of people.
process.on("disconnect", () => process.exit());
const store = new WatchedStore(await openStore(process.argv[2]!));
const { app, byId } = site({ store });
addCrowd(byId);
process.send!(await serve(app));
