import onHeaders from "on-headers";
import { type Handling, turns, type Ways } from "../way.js";

type Method = (...args: unknown[]) => unknown;

/** Replaces a method, like middleware that measures, counts or changes responses. */
function replace({ res, event }: Handling, name: "writeHead" | "write" | "end" | "setHeader" | "flushHeaders"): void {
  const original = res[name] as Method;
  Object.assign(res, {
    [name](this: unknown, ...args: unknown[]) {
      event(`${name} of the middleware`);
      return original.apply(this, args);
    },
  });
}

/** Handlers and middleware that replace methods of the response, or listen to its events. */
export const replaced: Ways = {
  "on-headers": ({ res, call, event }) => {
    onHeaders(res, () => {
      event("on-headers");
      res.setHeader("X-Time", "1ms");
    });
    call("send", () => res.send("a page"));
  },
  "on-headers, then a stream": async ({ res, call }) => {
    onHeaders(res, () => res.setHeader("X-Time", "1ms"));
    call("write", () => res.write("a"));
    await turns();
    call("end", () => res.end("b"));
  },
  "on-headers, with headers in writeHead": ({ res, call }) => {
    onHeaders(res, () => res.setHeader("X-Time", String(res.getHeader("X-Way"))));
    call("writeHead", () => res.writeHead(201, { "X-Way": "1" }));
    call("end", () => res.end("b"));
  },
  "on-headers: a listener that changes the status": ({ res, call }) => {
    onHeaders(res, () => void Object.assign(res, { statusCode: 418 }));
    call("send", () => res.send("a page"));
  },
  "on-headers: a listener that throws": ({ res, call }) => {
    onHeaders(res, () => {
      throw new Error("the listener failed");
    });
    call("send", () => res.send("a page"));
  },
  "end replaced": (handling) => {
    replace(handling, "end");
    handling.call("send", () => handling.res.send("a page"));
  },
  "end replaced by one that sets a header": ({ res, call }) => {
    const { end } = res;
    res.end = ((...args: unknown[]) => {
      res.setHeader("X-Time", "1ms");
      return (end as Method).apply(res, args);
    }) as never;
    call("send", () => res.send("a page"));
  },
  "end replaced by one that waits": ({ res, call }) => {
    const { end } = res;
    res.end = ((...args: unknown[]) => {
      void turns().then(() => (end as Method).apply(res, args));
      return res;
    }) as never;
    call("send", () => res.send("a page"));
  },
  "write and end replaced": (handling) => {
    replace(handling, "write");
    replace(handling, "end");
    handling.call("write", () => handling.res.write("a"));
    handling.call("end", () => handling.res.end("b"));
  },
  "writeHead replaced": (handling) => {
    replace(handling, "writeHead");
    handling.call("send", () => handling.res.send("a page"));
  },
  "writeHead replaced by one that adds a header": ({ res, call }) => {
    const { writeHead } = res;
    res.writeHead = ((status: number, ...args: unknown[]) => {
      res.setHeader("X-Time", "1ms");
      return (writeHead as Method).call(res, status, ...args);
    }) as never;
    call("write", () => res.write("a"));
    call("end", () => res.end("b"));
  },
  "flushHeaders replaced": (handling) => {
    replace(handling, "flushHeaders");
    handling.call("flushHeaders", () => handling.res.flushHeaders());
    handling.call("end", () => handling.res.end("b"));
  },
  "a fixed property with an array": ({ res, call, event }) => {
    Object.defineProperty(res, "timings", { value: ["db"] });
    call("send", () => res.send("a page"));
    event(`timings: ${String(Reflect.get(res, "timings"))}`);
  },
  "a getter that throws": ({ res, call }) => {
    Object.defineProperty(res, "lazy", {
      get() {
        throw new Error("not now");
      },
    });
    call("send", () => res.send("a page"));
  },
  "a getter that counts its calls": ({ res, call, event }) => {
    let count = 0;
    Object.defineProperty(res, "count", { get: () => ++count });
    call("write", () => res.write("a"));
    call("end", () => res.end("b"));
    event(`calls: ${count}`);
  },
  "listeners of finish and close": ({ res, call, event }) => {
    res.once("finish", () =>
      event(`finish: ${res.statusCode}, sent ${res.headersSent}, finished ${res.writableFinished}`),
    );
    res.once("close", () => event(`close: finished ${res.writableFinished}`));
    call("send", () => res.send("a page"));
  },
  "properties that show the state": async ({ res, call, event }) => {
    const state = () => `${res.headersSent} ${res.writableEnded} ${res.finished} ${res.destroyed} ${res.writable}`;
    event(state());
    call("write", () => res.write("a"));
    event(state());
    call("end", () => res.end());
    event(state());
    res.once("finish", () => event(`${state()} ${res.writableFinished}`));
  },
};
