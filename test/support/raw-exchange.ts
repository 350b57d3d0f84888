import { connect } from "node:net";

/** The bytes that a connection received. */
export interface Exchange {
  /** The bytes before the response of `/marker`, decoded as latin1. */
  text: string;
  /** Did the server also respond to the next request on the connection? */
  isKept: boolean;
}

/**
 * Sends requests on one new connection, and then a request to `/marker`. The response of `/marker` ends the exchange.
 */
export function exchange(origin: string, lines: readonly string[], headers = ""): Promise<Exchange> {
  const requests = [...lines, "GET /marker"].map((line) => `${line} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
  return new Promise((resolve) => {
    let text = "";
    const done = () => {
      socket.destroy();
      const [before, after] = text.split(/HTTP\/1\.1 200 OK\r\nX-Marker/);
      resolve({ text: before!, isKept: after !== undefined });
    };
    const socket = connect(Number(new URL(origin).port), "127.0.0.1", () => socket.write(requests.join("")));
    socket.setEncoding("latin1");
    socket.on("data", (data: string) => {
      text += data;
      if (text.endsWith("the marker")) done();
    });
    socket.on("error", () => {});
    socket.on("close", done);
  });
}
