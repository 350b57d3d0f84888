import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { isSameOrigin, type LoginManager } from "latchkey";
import { type WebSocket, WebSocketServer } from "ws";
import { deviceName } from "./device.js";
import type { Log } from "./log.js";
import type { User } from "./user.js";

/** The close code after which `public/live.js` checks whether its page is still logged in, and then connects again. */
const ASK_AGAIN = 4000;

/**
 * Sends live notes to the open pages of a user, over WebSockets at `/live`.
 *
 * The server closes a user's sockets whenever one of the user's logins changes. Each page then connects again with its
 * current cookies. This class knows only the sockets of this process. Several processes need a channel such as Redis.
 */
export class LiveNotes {
  readonly #sockets = new Map<string, Set<WebSocket>>();
  readonly #webSockets = new WebSocketServer({ noServer: true, maxPayload: 1024 });

  constructor(
    readonly login: LoginManager<User>,
    readonly log: Log,
  ) {
    login.on("loggedIn", ({ req, user, browser }) => {
      const what = browser === "new" ? "New login" : "Another login";
      this.#tell(user.getId(), `${what} from ${deviceName(req.get("user-agent") ?? null)}.`);
    });
    login.on("loggedOut", ({ userId }) => this.#askAgain(userId));
    login.on("loginsRevoked", ({ userId }) => this.#askAgain(userId));
    login.on("loginEnded", ({ userId }) => this.#askAgain(userId));
    login.on("stampRefreshed", ({ user }) => this.#askAgain(user.getId()));
  }

  /** Handles the WebSocket upgrades of a server. */
  serve(server: Server): void {
    server.on("upgrade", (req, socket, head) => {
      socket.on("error", () => socket.destroy());
      this.#upgrade(req, socket, head).catch((error: unknown) => {
        this.log.error(error);
        refuse(socket, 503);
      });
    });
  }

  async #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Browsers let every page open a WebSocket, and may send our cookies. Without this check, any page could read the
    // notes.
    if (req.url !== "/live" || !isSameOrigin(req)) return refuse(socket, 403);
    const user = await this.login.authenticate(req);
    if (!user) return refuse(socket, 401);
    this.#webSockets.handleUpgrade(req, socket, head, (webSocket) => {
      this.#keep(user.getId(), webSocket);
      // The login may have ended just before the socket was stored, so check it again.
      this.login.authenticate(req).then(
        (still) => still || webSocket.close(ASK_AGAIN),
        () => webSocket.close(ASK_AGAIN),
      );
    });
  }

  #keep(userId: string, webSocket: WebSocket): void {
    const sockets = this.#sockets.get(userId) ?? new Set();
    this.#sockets.set(userId, sockets.add(webSocket));
    webSocket.on("error", () => webSocket.terminate());
    webSocket.on("close", () => {
      sockets.delete(webSocket);
      if (sockets.size === 0 && this.#sockets.get(userId) === sockets) this.#sockets.delete(userId);
    });
  }

  #tell(userId: string, note: string): void {
    for (const webSocket of this.#sockets.get(userId) ?? []) webSocket.send(JSON.stringify({ note }));
  }

  #askAgain(userId: string): void {
    for (const webSocket of this.#sockets.get(userId) ?? []) webSocket.close(ASK_AGAIN);
  }
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
