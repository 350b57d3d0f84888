import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import { apiClient } from "../support/browser.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

/** A site where Ann's getSessionStamp() returns `stamp`. */
async function visit(stamp: unknown) {
  const { app, ann } = site();
  const messages: string[] = [];
  Object.assign(ann, { getSessionStamp: () => stamp });
  app.use(((error, _req, res, _next) => {
    messages.push(`${error.code} ${error.message}`);
    res.sendStatus(error.status);
  }) as ErrorRequestHandler);
  return { ann, messages, client: apiClient(await serve(app)) };
}

describe("a security stamp", () => {
  for (const [what, before, after] of [
    ["a string", "hash", "another hash"],
    ["an empty string", "", "hash"],
    ["null (no password)", null, "the first hash"],
    ["a number", 1, 2],
  ] as const) {
    it(`that is ${what} ends the login when it changes, and not before`, async () => {
      const { ann, client } = await visit(before);
      await client.post("/login/1");
      expect((await client.get("/me")).status).to.equal(200);
      Object.assign(ann, { getSessionStamp: () => after });
      expect((await client.get("/me")).status).to.equal(401);
    });
  }

  it("ends the login if getSessionStamp() is added to the user or removed", async () => {
    for (const [before, after, status] of [
      [undefined, undefined, 200],
      [undefined, () => "hash", 401],
      [() => "hash", undefined, 401],
    ] as const) {
      const { ann, client } = await visit("");
      Object.assign(ann, { getSessionStamp: before });
      await client.post("/login/1");
      expect((await client.get("/me")).status).to.equal(200);
      Object.assign(ann, { getSessionStamp: after });
      expect((await client.get("/me")).status).to.equal(status);
    }
  });

  // Most of these values always convert to the same string, so they would never end a login.
  for (const [what, stamp] of [
    ["undefined", undefined],
    ["a promise", Promise.resolve("hash")],
    ["object", { hash: "hash" }],
    ["an array", ["hash"]],
    ["a function", () => "hash"],
  ] as const) {
    it(`that is ${what} makes the login fail with an error that names the type`, async () => {
      const { client, messages } = await visit(stamp);
      const { status, cookies } = await client.post("/login/1");
      expect([status, cookies]).to.deep.equal([500, []]);
      expect(messages).to.deep.equal([`invalid_stamp getSessionStamp() returned ${what}; it must return a string`]);
    });
  }
});
