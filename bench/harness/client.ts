import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A response: its status, the cookies that it sets as a `Cookie` header, and its body. */
export interface Answer {
  status: number;
  cookie: string;
  body: string;
}

const HEAD_END = "\r\n\r\n";

/**
 * A keep-alive connection that sends one request after the other. It uses the socket directly, because Node's own
 * client needs more CPU time than the measured servers.
 */
export class Connection {
  #socket: Socket;
  #received = "";
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#look();
    });
    socket.on("close", () => this.#settle?.reject(new Error("the server closed the connection")));
    socket.on("error", (error) => this.#settle?.reject(error));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new Connection(socket);
  }

  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(request, (error) => error && reject(error));
    });
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #look(): void {
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const rest = this.#received.slice(headEnd + HEAD_END.length);
    const body = bodyOf(head, rest);
    if (body === null) return;
    this.#received = "";
    const settle = this.#settle!;
    this.#settle = undefined;
    settle.resolve({ status: Number(head.slice(9, 12)), cookie: cookiesOf(head), body });
  }
}

/** Returns the text of a request without a body. */
export function requestOf(line: string, cookie = ""): string {
  const fields = ["Host: 127.0.0.1", "Accept: application/json"];
  if (cookie) fields.push(`Cookie: ${cookie}`);
  return `${line} HTTP/1.1\r\n${fields.join("\r\n")}${HEAD_END}`;
}

/** Returns the body, or null if it is not complete yet. */
function bodyOf(head: string, rest: string): string | null {
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  if (length !== undefined) return rest.length >= Number(length) ? rest : null;
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return "";
  return rest.endsWith("0\r\n\r\n") ? rest : null;
}

function cookiesOf(head: string): string {
  if (!head.toLowerCase().includes("\r\nset-cookie: ")) return "";
  const set = [...head.matchAll(/\r\nset-cookie: ([^;\r]*)([^\r]*)/gi)];
  return set
    .filter(([, , attributes]) => !/expires=Thu, 01 Jan 1970/i.test(attributes!))
    .map(([, pair]) => pair!)
    .join("; ");
}
