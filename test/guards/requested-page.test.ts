import { expect } from "chai";
import { LoginManager, loginRequired, safeNext } from "latchkey";
import { expressVersions } from "../support/express.js";
import { people, SECRET } from "../support/people.js";
import { sendLine } from "../support/request-line.js";
import { serve } from "../support/server.js";

for (const { name, express } of expressVersions) {
  describe(`the requested page, on ${name}`, () => {
    async function guardedApp() {
      const app = express();
      app.set("trust proxy", true);
      const { load } = people();
      new LoginManager({ secret: SECRET, userLoader: load, loginView: "/login" }).init(app);
      app.get("/back", (req, res) => res.redirect(safeNext(req, "/home")));
      app.use(loginRequired());
      return serve(app);
    }

    /** Returns the only Location of the redirect, and checks that it stays on the origin. */
    async function locationOf(requestLine: string, headers: string[] = []): Promise<string> {
      const origin = await guardedApp();
      const head = await sendLine(origin, requestLine, headers);
      expect(head[0], requestLine).to.match(/^HTTP\/1\.1 30[23] /);
      const locations = head.filter((line) => /^location:/i.test(line));
      expect(locations, requestLine).to.have.lengthOf(1);
      const location = locations[0]!.slice("location:".length).trim();
      expect(new URL(location, origin).origin, requestLine).to.equal(origin);
      expect(location, requestLine).to.match(/^\/(?![/\\])[\x21-\x7e]*$/);
      return location;
    }

    const HOSTILE = [
      ...["//evil.com/%2e%2e", "//evil.com/..", "///evil.com", "http://evil.com/", "https://evil.com/a", "/\\evil.com"],
      ...["/.//evil.com", "/%2e//evil.com", "/a/..//evil.com", "/%2fevil.com", "/%5Cevil.com"],
    ];
    for (const target of HOSTILE) {
      it(`is left out of the redirect for GET ${target}`, async () => {
        expect(await locationOf(`GET ${target}`)).to.equal("/login");
      });
    }

    it("is in the redirect, with its query, for GET and HEAD", async () => {
      const kept = "/login?next=%2Freports%3Fpage%3D2%26q%3D%252F%252Fevil.com";
      expect(await locationOf("GET /reports?page=2&q=%2F%2Fevil.com")).to.equal(kept);
      expect(await locationOf("HEAD /reports?page=2&q=%2F%2Fevil.com")).to.equal(kept);
    });

    it("is left out of the redirect for POST, PUT, PATCH and DELETE", async () => {
      for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
        expect(await locationOf(`${method} /reports`, ["Content-Length: 0"]), method).to.equal("/login");
      }
    });

    it("does not depend on Host, the forwarding headers or Referer", async () => {
      const spoofed = [
        "Host: evil.com",
        "X-Forwarded-Host: evil.com",
        "X-Forwarded-Proto: https",
        "Forwarded: host=evil.com",
      ];
      expect(await locationOf("GET /reports", [...spoofed, "Referer: https://evil.com/"])).to.equal(
        "/login?next=%2Freports",
      );
    });

    it("is a single Location on this origin if safeNext returns it", async () => {
      for (const next of [
        "%2F%2Fevil.com",
        "/ok%0d%0aSet-Cookie:a=b",
        "/.//evil.com",
        "//evil.com",
        "/%5cevil.com",
        "%09//evil.com",
      ]) {
        expect(await locationOf(`GET /back?next=${next}`), next).to.equal("/home");
      }
      expect(await locationOf("GET /back?next=/%250d%250aX:y")).to.equal("/%0d%0aX:y");
      expect(await locationOf("GET /back?next=/caf%C3%A9?u=//evil.com", ["Host: evil.com"])).to.equal(
        "/caf%C3%A9?u=//evil.com",
      );
    });

    it("cannot split the response", async () => {
      expect(await locationOf("GET /a%0d%0aSet-Cookie:%20a=b")).to.equal(
        "/login?next=%2Fa%250d%250aSet-Cookie%3A%2520a%3Db",
      );
    });
  });
}
