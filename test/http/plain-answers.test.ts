import { expect } from "chai";
import type { ErrorRequestHandler, Express } from "express";
import expressSession from "express-session";
import { LoginManager } from "latchkey";
import { begun, good, late, refused, type Way } from "../support/answer-ways.js";
import { expressVersions } from "../support/express.js";
import { people, SECRET } from "../support/people.js";
import { exchange } from "../support/raw-exchange.js";
import { serve } from "../support/server.js";
import { isQuick, leaveToTestAll } from "../support/tier.js";
import { expectNoUnhandledRejections } from "../support/unhandled.js";
import { WatchedStore } from "../support/watched-store.js";

type Make = (typeof expressVersions)[number]["express"];

/** What is mounted before the route, and what the route does with its session. */
interface Mount {
  mount?: (app: Express) => void;
  uses?: (session: { note?: string }) => unknown;
}

const MARKER = { "X-Marker": "1", "Content-Length": 10 };

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function latchkey(before: (app: Express) => void = () => {}) {
  return (app: Express) => {
    const store = new WatchedStore();
    store.before = () => turns(3);
    before(app);
    new LoginManager({ secret: SECRET, store, userLoader: people().load }).init(app);
  };
}

const change = (session: { note?: string }) => {
  session.note = "kept";
};
const bare = (app: Express) => app.disable("x-powered-by");
const own = (app: Express) => {
  app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }));
};
const ownWithLatchkey = (app: Express) => {
  own(app);
  app.use(new LoginManager({ secret: SECRET, userLoader: people().load }).middleware());
};

/** The applications that are compared: one without latchkey, and the same one with latchkey. */
const pairs: Record<string, { plain: Mount; with: Mount }> = {
  "whose session is not used": { plain: {}, with: { mount: latchkey() } },
  "whose session is read": { plain: {}, with: { mount: latchkey(), uses: ({ note }) => note } },
  "whose session is saved": { plain: {}, with: { mount: latchkey(), uses: change } },
  "whose session is saved, without other headers": {
    plain: { mount: bare },
    with: { mount: latchkey(bare), uses: change },
  },
  "whose express-session is not used": { plain: { mount: own }, with: { mount: ownWithLatchkey } },
  "whose express-session is saved": {
    plain: { mount: own, uses: change },
    with: { mount: ownWithLatchkey, uses: change },
  },
};

/** Responds in the given way. Returns what the client, the handler and the error handler saw. */
async function seen(make: Make, { mount, uses }: Mount, way: Way, lines: string[], isLate = false): Promise<unknown> {
  const app = make();
  app.set("env", "test");
  mount?.(app);
  const notes: unknown[] = [];
  let closed = () => {};
  const isClosed = new Promise<void>((resolve) => {
    closed = resolve;
  });
  app.get("/slow", async (_req, res) => {
    await turns(6);
    res.send("slow");
  });
  app.all("/way", (req, res, next) => {
    if (uses) uses(req.session as { note?: string });
    res.on("close", closed);
    (async () => way(res, (note) => notes.push(note), next, req))().catch(next);
  });
  app.use(((error: Error & { code?: string }, _req, res, next) => {
    notes.push(["error", error.code ?? error.message, res.headersSent]);
    if (res.headersSent) return next(error);
    res.statusMessage = "";
    res.removeHeader("Trailer");
    res.status(500).json({ code: error.code });
  }) as ErrorRequestHandler);
  const origin = await serve((req, res) => {
    if (req.url === "/marker") res.writeHead(200, MARKER).end("the marker");
    else app(req, res);
  });
  const { text, isKept } = await exchange(origin, lines);
  // If a connection ends before the turn of a response, Node does not close the response.
  if (lines.length === 1) await isClosed;
  return { answer: withoutOurs(text), ...(isLate ? {} : { isKept }), notes };
}

/** Returns true if this case differs without latchkey, or cannot be compared. */
function differs(whose: string, title: string): boolean {
  // express-session repeats the rejected call later, where nothing catches the exception.
  if (whose.includes("express-session")) return title in refused && !title.startsWith("writeHead");
  if (!whose.includes("is saved")) return false;
  // Node sends the length of the rejected chunk before it cuts the connection. latchkey has not sent the length yet.
  if (title === "write with an unknown encoding") return true;
  // If latchkey adds a header to a list, headers with the same name are sent together.
  return whose.endsWith("without other headers") && title.endsWith("contains a name twice");
}

/** Removes the headers that depend on the time, and the headers that latchkey changes. */
function withoutOurs(text: string): string {
  return text.replace(
    /^(Date|Vary|Cache-Control|ETag|Last-Modified): .*\r\n|^Set-Cookie: (sid|connect\.sid)=.*\r\n/gim,
    "",
  );
}

for (const { name, express: make } of expressVersions) {
  describe(`responses with and without latchkey, on ${name}`, () => {
    expectNoUnhandledRejections();

    for (const [whose, pair] of Object.entries(pairs)) {
      if (isQuick && name === "Express 4" && whose !== "whose session is saved") {
        leaveToTestAll(`most comparisons of responses with and without latchkey, on ${name}`);
        continue;
      }
      for (const [which, ways] of Object.entries({ refused, begun, late, good })) {
        it(`are the same for a request ${whose}: ${which}`, async () => {
          // An error after the response destroys the connection. It depends on timing whether another request is served
          // before that.
          const isLate = ways === late;
          for (const [title, way] of Object.entries(ways)) {
            if (differs(whose, title)) continue;
            const plain = await seen(make, pair.plain, way, ["GET /way"], isLate);
            expect(await seen(make, pair.with, way, ["GET /way"], isLate), title).to.eql(plain);
          }
        });
      }
    }
    const pair = pairs["whose session is saved"]!;
    for (const [how, lines] of Object.entries({ HEAD: ["HEAD /way"], pipelined: ["GET /slow", "GET /way"] })) {
      it(`are the same for a request whose session is saved: ${how}`, async () => {
        for (const [title, way] of Object.entries({ ...refused, ...begun, ...good })) {
          // Node 24 and 26 do not use a connection again after a response on it was destroyed before its turn.
          if (how === "pipelined" && title === "res.destroy() before a response") continue;
          // For HEAD, Node accepts some of these calls, and the handler throws after the response.
          if (differs("is saved", title) || /unknown encoding|too long/.test(title)) continue;
          const plain = await seen(make, pair.plain, way, lines);
          expect(await seen(make, pair.with, way, lines), title).to.eql(plain);
        }
      });
    }
  });
}
