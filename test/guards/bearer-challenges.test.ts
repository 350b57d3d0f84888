import { expect } from "chai";
import { freshLoginRequired, loginRequired } from "latchkey";
import { send } from "../support/raw-client.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

const INVALID = 'Bearer error="invalid_token"';

/** Starts an API. If `hasLoader` is true, a request loader accepts the bearer token "good". */
async function api(hasLoader = true) {
  const at = site();
  if (hasLoader) {
    at.login.requestLoader((req) => (req.get("authorization") === "Bearer good" ? at.ann : undefined));
  }
  at.app.get("/delete", freshLoginRequired(), (_req, res) => void res.send("deleted"));
  at.app.get("/page", loginRequired(), (_req, res) => void res.send("page"));
  const origin = await serve(at.app);
  return async (authorization?: string, path = "/me", accept = "application/json") => {
    const headers = { accept, ...(authorization === undefined ? {} : { authorization }) };
    const answer = await send(origin, `GET ${path}`, { headers });
    return [answer.status, answer.headers["www-authenticate"]];
  };
}

describe("the WWW-Authenticate header of a 401 response", () => {
  it("is Bearer if there is a request loader and the bearer token is invalid", async () => {
    const ask = await api();
    for (const wrong of [
      "Bearer wrong",
      "bearer wrong",
      "BEARER a.b.c",
      "Bearer  two",
      "Bearer good, Basic x",
      'Bearer a"b',
    ]) {
      expect(await ask(wrong), wrong).to.eql([401, INVALID]);
    }
    for (const empty of ["Bearer", "bearer "]) expect(await ask(empty), empty).to.eql([401, "Bearer"]);
    expect(await ask("Bearer wrong", "/page", "text/html"), "a page without a login view").to.eql([401, INVALID]);
    expect(await ask("Bearer good")).to.eql([200, undefined]);
    expect(await ask("Bearer good", "/delete"), "a login by token is never fresh").to.eql([403, undefined]);
  });

  it("is Cookie for all other requests, because a Basic challenge would open the browser's login dialog", async () => {
    const ask = await api();
    for (const other of [undefined, "", "Basic YW5uOngK", "Digest x", "BearerX y", "Token x", "x Bearer y"]) {
      expect(await ask(other), other).to.eql([401, "Cookie"]);
    }
    expect(await (await api(false))("Bearer wrong"), "without a request loader").to.eql([401, "Cookie"]);
  });
});
