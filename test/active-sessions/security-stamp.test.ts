import { expect } from "chai";
import type { ErrorRequestHandler } from "express";
import { apiClient } from "../support/browser.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

/** The site, with a stamp that Ann has, or does not have as she should. */
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

describe("a user's stamp", () => {
  for (const [what, before, after] of [
    ["a text", "hash", "another hash"],
    ["an empty text", "", "hash"],
    ["null, of a user without a password", null, "the first hash"],
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

  it("ends the login of a user who has one by now, or has none any more", async () => {
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

  // Each would be the same text for ever, and end nothing.
  for (const [what, stamp] of [
    ["undefined", undefined],
    ["a promise", Promise.resolve("hash")],
    ["object", { hash: "hash" }],
    ["an array", ["hash"]],
    ["a function", () => "hash"],
  ] as const) {
    it(`that is ${what} is an error that says so, and nobody is logged in`, async () => {
      const { client, messages } = await visit(stamp);
      const { status, cookies } = await client.post("/login/1");
      expect([status, cookies]).to.deep.equal([500, []]);
      expect(messages).to.deep.equal([`invalid_stamp getSessionStamp() returned ${what}; it must return a string`]);
    });
  }
});
