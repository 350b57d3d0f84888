import { OutgoingMessage } from "node:http";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

setFlagsFromString("--allow-natives-syntax");
const hasFastProperties = runInNewContext("(object) => %HasFastProperties(object)") as (object: object) => boolean;
const haveSameShape = runInNewContext("(a, b) => %HaveSameMap(a, b)") as (a: object, b: object) => boolean;

const RESPONSES = 12;

describe("the objects of Node that V8 has compiled fast code for, after responses that waited for the save", () => {
  it("leaves the connection with fast properties", async () => {
    const { app } = site();
    const sockets = new Set<Socket>();
    app.post("/waited", (req, res) => {
      sockets.add(req.socket);
      req.session.note = "new";
      res.send("waited");
    });
    const origin = await serve(app);
    for (let i = 0; i < RESPONSES; i++) await send(origin, "POST /waited");
    expect(sockets.size).to.be.lessThan(RESPONSES);
    expect([...sockets].filter((socket) => !hasFastProperties(socket))).to.eql([]);
  });

  it("calls Node's methods on copies of responses that share a few shapes", async () => {
    const responses = new Set<object>();
    const { app } = site({}, (login, app) => {
      app.use((_req, res, next) => {
        responses.add(res);
        next();
      });
      login.init(app);
    });
    const node = OutgoingMessage.prototype as unknown as { _send(...args: unknown[]): unknown };
    const { _send: original } = node;
    const copies: object[] = [];
    node._send = function (...args) {
      if (!responses.has(this)) copies.push(this);
      return original.apply(this, args);
    };
    try {
      const origin = await serve(app);
      for (let i = 0; i < RESPONSES; i++) await send(origin, "POST /note/new");
    } finally {
      node._send = original;
    }
    const shapes: object[] = [];
    for (const copy of copies) if (!shapes.some((one) => haveSameShape(one, copy))) shapes.push(copy);
    expect(copies.length).to.be.at.least(RESPONSES);
    expect(shapes.length).to.be.lessThan(RESPONSES / 2);
  });
});
