import { connect } from "node:net";
import { text } from "node:stream/consumers";

/**
 * Sends a request line unchanged, without a URL parser. Returns the status line and the header lines of the response.
 */
export async function sendLine(origin: string, requestLine: string, headers: string[] = []): Promise<string[]> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const host = headers.some((header) => header.startsWith("Host:")) ? [] : [`Host: ${hostname}:${port}`];
  socket.write(
    [`${requestLine} HTTP/1.1`, ...host, "Accept: text/html", "Connection: close", ...headers, "", ""].join("\r\n"),
  );
  return (await text(socket)).split("\r\n\r\n", 1)[0]!.split("\r\n");
}
