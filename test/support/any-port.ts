import { type AddressInfo, Server } from "node:net";

// Loaded before a program of the documentation: whatever port it names, it gets a free one, and tells its parent which.
const { listen } = Server.prototype;
Server.prototype.listen = function (this: Server, ...args: unknown[]) {
  this.once("listening", () => process.send?.((this.address() as AddressInfo).port));
  return listen.apply(this, [0, ...args.filter((arg) => typeof arg === "function")] as never);
} as typeof listen;
