import { type AddressInfo, Server } from "node:net";

// Loaded before a program from the documentation. The program gets a free port, or the port in `ANY_PORT`, instead of the one that it names, and
// this module sends that port to the parent process.
const { listen } = Server.prototype;
Server.prototype.listen = function (this: Server, ...args: unknown[]) {
  this.once("listening", () => process.send?.((this.address() as AddressInfo).port));
  return listen.apply(this, [
    Number(process.env.ANY_PORT ?? 0),
    ...args.filter((arg) => typeof arg === "function"),
  ] as never);
} as typeof listen;
