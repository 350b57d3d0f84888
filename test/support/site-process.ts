import { openStore } from "latchkey/stores";
import { addCrowd } from "./people.js";
import { serve } from "./server.js";
import { site } from "./site.js";
import { WatchedStore } from "./watched-store.js";

// Runs the site of the tests in its own process, with many users and the store whose URL is the argument.
process.on("disconnect", () => process.exit());
const store = new WatchedStore(await openStore(process.argv[2]!));
const { app, byId } = site({ store });
addCrowd(byId);
process.send!(await serve(app));
