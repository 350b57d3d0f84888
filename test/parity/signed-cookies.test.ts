import { expect } from "chai";
import express from "express";
import { decodeCookie, encodeCookie } from "latchkey";
import { Browser } from "../support/browser.js";
import { SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

describe("parity: cookies that the application signs", () => {
  it("can be read, and are rejected if they were changed", async () => {
    const app = express();
    app.get("/set", (_req, res) => void res.cookie("color", encodeCookie("1", SECRET)).send());
    app.get("/read", (req, res) => {
      const value = req.headers.cookie?.replace("color=", "") ?? "";
      res.json([decodeCookie(value, SECRET), decodeCookie(value, `another ${SECRET}`)]);
    });
    const browser = new Browser(await serve(app));

    await browser.get("/set");
    expect((await browser.get("/read")).json()).to.deep.equal(["1", null]);
    for (const forged of ["Foo.bad", "no dot", `${encodeCookie("1", SECRET)}x`]) {
      await browser.setCookie("color", forged);
      expect((await browser.get("/read")).json()).to.deep.equal([null, null]);
    }
  });
});
