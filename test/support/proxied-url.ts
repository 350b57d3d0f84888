import type { AddressInfo, Server } from "node:net";

/** Returns a URL with the port of a local proxy instead of the server's port. */
export function proxiedUrl(url: string, proxy: Server): string {
  const through = new URL(url);
  through.port = String((proxy.address() as AddressInfo).port);
  return through.href;
}
