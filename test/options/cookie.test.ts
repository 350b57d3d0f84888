import { expect } from "chai";
import { make, nested, refusal } from "../support/options.js";

const GROUPS = ["session", "remember"];

describe("the cookie options of a LoginManager", () => {
  it("are rejected if browsers would drop the cookie", () => {
    for (const group of GROUPS) {
      const set = ({ name, ...cookie }: { name?: string; [attribute: string]: unknown }) =>
        nested(group, { ...(name && { name }), cookie });
      for (const name of ["__Host-id", "__host-id", "__HOST-id"]) {
        for (const rest of [
          {},
          { secure: false },
          { secure: true, path: "/app" },
          { secure: true, domain: "a.example" },
        ]) {
          expect(refusal(`${group}.name`, set({ name, ...rest }))).to.include(
            'needs secure: true, path "/" and no domain',
          );
        }
        expect(() => make(set({ name, secure: true, path: "/" }))).not.to.throw();
      }
      for (const secure of ["auto", false, undefined]) {
        expect(refusal(`${group}.name`, set({ name: "__Secure-id", secure }))).to.include("needs secure: true");
        expect(refusal(`${group}.name`, set({ name: "__secure-id", secure }))).to.include("needs secure: true");
        expect(refusal(`${group}.cookie.sameSite`, set({ sameSite: "none", secure }))).to.include(
          '"none" needs secure: true',
        );
      }
      expect(() => make(set({ name: "__Secure-id", secure: true, path: "/app", domain: "a.example" }))).not.to.throw();
      expect(() => make(set({ sameSite: "none", secure: true }))).not.to.throw();
    }
  });

  it("are rejected if both cookies have the same name", () => {
    expect(refusal("remember.name", { remember: { name: "sid" } })).to.include("also the name of the session cookie");
    expect(refusal("remember.name", { session: { name: "remember" } })).to.include("remember is also the name");
  });
});
