import type { IncomingMessage } from "node:http";
import { LatchkeyError } from "latchkey";
import { WebSocket, WebSocketServer } from "ws";
import { serve } from "./server.js";
import { site } from "./site.js";

/** The user of a socket: a name, null if nobody is logged in, or the code of an error. */
export type Who = string | null;

/** An open socket. */
export interface Opened {
  /** The user at the upgrade. */
  who: Who;
  /** Loads the user of the socket again. */
  again(): Promise<Who>;
  /** The `Set-Cookie` headers of the response to the upgrade. */
  cookies: string[];
  /** The upgrade request on the server. */
  req: IncomingMessage;
}

type Site = ReturnType<typeof site>;
type Ask = (at: Site, req: IncomingMessage) => Promise<object | null>;

/** The running site with WebSockets. The server sends each socket its user, which `login.authenticate` returns. */
export async function socketSite(
  options: Parameters<typeof site>[0] = {},
  { mount, make, ask = ({ login }, req) => login.authenticate(req) }: SocketSiteOptions = {},
) {
  const at = site(options, mount, make);
  const sockets = new WebSocketServer({ noServer: true });
  const reqs: IncomingMessage[] = [];
  const whoIs = async (req: IncomingMessage): Promise<Who> => {
    try {
      const user = (await ask(at, req)) as { name: string } | null;
      return user === null ? null : user.name;
    } catch (error) {
      return error instanceof LatchkeyError ? error.code : String(error);
    }
  };
  const origin = await serve(at.app, async (req, socket, head) => {
    const who = await whoIs(req);
    sockets.handleUpgrade(req, socket, head, (ws) => {
      ws.on("message", async () => ws.send(JSON.stringify({ who: await whoIs(req) })));
      ws.send(JSON.stringify({ who, index: reqs.push(req) - 1 }));
    });
  });
  const open = (headers: Record<string, string> = {}, path = "/"): Promise<Opened> =>
    new Promise((resolve, reject) => {
      const ws = new WebSocket(origin.replace("http", "ws") + path, { headers });
      let cookies: string[] = [];
      ws.on("error", reject);
      ws.on("upgrade", (answer) => {
        cookies = answer.headers["set-cookie"] ?? [];
      });
      const told = () =>
        new Promise<{ who: Who; index: number }>((tell) =>
          ws.once("message", (data) => tell(JSON.parse(String(data)))),
        );
      told().then(({ who, index }) => {
        const again = () => {
          ws.send("?");
          return told().then((next) => next.who);
        };
        resolve({ who, again, cookies, req: reqs[index]! });
      }, reject);
    });
  return { ...at, origin, open, whoIs: async (cookie: string) => (await open({ cookie })).who };
}

interface SocketSiteOptions {
  mount?: Parameters<typeof site>[1];
  make?: Parameters<typeof site>[2];
  /** Returns the user of a request. */
  ask?: Ask;
}
