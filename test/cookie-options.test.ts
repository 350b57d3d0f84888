import { expect } from "chai";
import { make, nested, refusal } from "./support/options.js";

const COOKIES = ["session.cookie", "remember.cookie"];

describe("the cookie options of a LoginManager", () => {
  it("refuse cookies that browsers would drop", () => {
    for (const cookie of COOKIES) {
      const set = (attributes: object) => nested(cookie, attributes);
      for (const name of ["__Host-id", "__host-id", "__HOST-id"]) {
        for (const rest of [
          {},
          { secure: false },
          { secure: true, path: "/app" },
          { secure: true, domain: "a.example" },
        ]) {
          expect(refusal(`${cookie}.name`, set({ name, ...rest }))).to.include(
            'needs secure: true, path "/" and no domain',
          );
        }
        expect(() => make(set({ name, secure: true, path: "/" }))).not.to.throw();
      }
      for (const secure of ["auto", false, undefined]) {
        expect(refusal(`${cookie}.name`, set({ name: "__Secure-id", secure }))).to.include("needs secure: true");
        expect(refusal(`${cookie}.name`, set({ name: "__secure-id", secure }))).to.include("needs secure: true");
        expect(refusal(`${cookie}.sameSite`, set({ sameSite: "none", secure }))).to.include(
          '"none" needs secure: true',
        );
      }
      expect(() => make(set({ name: "__Secure-id", secure: true, path: "/app", domain: "a.example" }))).not.to.throw();
      expect(() => make(set({ sameSite: "none", secure: true }))).not.to.throw();
    }
  });

  it("refuse one name for both cookies", () => {
    expect(refusal("remember.cookie.name", { remember: { cookie: { name: "sid" } } })).to.include(
      "the session's cookie too",
    );
    expect(refusal("remember.cookie.name", { session: { cookie: { name: "remember" } } })).to.include(
      "remember is the name",
    );
  });
});
