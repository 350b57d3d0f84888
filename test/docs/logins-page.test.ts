import { expect } from "chai";
import { Browser } from "../support/browser.js";
import { endPrograms, type PageProgram, startProgram } from "../support/page-program.js";
import { inTestAll } from "../support/tier.js";

const ann = { email: "ann@example.com", password: "correct horse" };
const bob = { email: "bob@example.com", password: "battery staple" };

inTestAll("docs/recipes/logins-page.md", () => {
  let program: PageProgram;
  beforeEach(async () => {
    program = await startProgram("docs/recipes/logins-page.md");
  });
  afterEach(endPrograms);

  const loggedIn = async (userAgent: string, form: Record<string, string> = ann) => {
    const browser = new Browser(program.origin, { accept: "text/html", "user-agent": userAgent });
    expect((await browser.post("/login?next=/logins", { form })).location).to.equal("/logins");
    return browser;
  };
  const list = async (browser: Browser) => (await browser.get("/logins")).text;
  const isLoggedIn = async (browser: Browser) => (await browser.get("/logins")).status === 200;
  const formsIn = (html: string) => [...html.matchAll(/action="(\/logins\/[^"]+)"/g)].map(([, action]) => action!);
  const endFormIn = (html: string) => formsIn(html).find((action) => action.endsWith("/end"))!;

  it("asks a visitor to log in, and shows what is wrong", async () => {
    const browser = program.browser();
    expect((await browser.get("/logins")).location).to.equal("/login?next=%2Flogins");
    expect((await browser.get("/login")).text).to.include("Please log in to access this page.");
    const refused = await browser.post("/login?next=/logins", { form: { ...ann, password: "wrong" } });
    expect(refused.location).to.equal("/login?next=/logins");
    expect((await browser.get(refused.location!)).text).to.include("Wrong e-mail or password.");
  });

  it("lists the user's logins with all text escaped, and offers to end the others", async () => {
    const browser = await loggedIn("<b>One</b>");
    await loggedIn('Two & "more" \'');
    await loggedIn("Bob's", bob);
    const html = await list(browser);
    expect(html).to.match(/^<!doctype html>/);
    expect(html).to.include("<h2>&#60;b&#62;One&#60;/b&#62; (this browser)</h2>");
    expect(html).to.include("<h2>Two &#38; &#34;more&#34; &#39;</h2>");
    expect(html).not.to.include("Bob");
    expect(html.match(/<time datetime="20/g)).to.have.length(4);
    expect(formsIn(html).map((action) => action.split("/").at(-1))).to.have.members([
      ...["name", "name", "end", "end-others"],
    ]);
  });

  it("renames a login, and removes the name", async () => {
    const browser = await loggedIn("One");
    const [rename] = formsIn(await list(browser));
    const named = async (label: string) => {
      expect((await browser.post(rename!, { form: { label } })).location).to.equal("/logins");
      return list(browser);
    };
    expect(await named('"><i>Laptop'))
      .to.include("The name is saved.")
      .and.include("<h2>&#34;&#62;&#60;i&#62;Laptop (");
    expect(await list(browser)).to.include('value="&#34;&#62;&#60;i&#62;Laptop"');
    expect(await named("x".repeat(101)))
      .to.include("Use a name of 1 to 100 visible characters.")
      .and.include("Laptop (this browser)");
    expect(await named("")).to.include("<h2>One (this browser)</h2>");
  });

  it("logs out one browser, and then everywhere else", async () => {
    const [here, there] = [await loggedIn("One"), await loggedIn("Two")];
    const end = endFormIn(await list(here));
    expect((await here.post(end)).location).to.equal("/logins");
    expect(await list(here))
      .to.include("That browser is logged out.")
      .and.not.include("Two");
    expect([await isLoggedIn(here), await isLoggedIn(there)]).to.eql([true, false]);
    await here.post(end);
    expect(await list(here)).to.include("This login has already ended.");

    const others = [await loggedIn("Three"), await loggedIn("Four", { ...ann, remember: "on" })];
    expect((await here.post("/logins/end-others")).location).to.equal("/logins");
    for (const other of others) {
      await other.restart();
      expect(await isLoggedIn(other)).to.equal(false);
    }
    expect((await here.post("/logout")).location).to.equal("/login");
    expect(await isLoggedIn(here)).to.equal(false);
  });

  it("asks for the password before it ends a login, if a cookie restored its own", async () => {
    const [here, there] = [await loggedIn("One", { ...ann, remember: "on" }), await loggedIn("Two")];
    await here.restart();
    const end = endFormIn(await list(here));
    for (const path of [end, "/logins/end-others"]) expect((await here.post(path)).location).to.equal("/confirm");
    expect(await isLoggedIn(there)).to.equal(true);
    const refused = await here.post("/confirm", { form: { password: "wrong" } });
    expect((await here.get(refused.location!)).text).to.include("That is not your password.");
    expect((await here.post("/confirm", { form: { password: ann.password } })).location).to.equal("/logins");
    await here.post(end);
    expect(await isLoggedIn(there)).to.equal(false);
  });

  it("neither renames nor ends the logins of another user, nor obeys another site", async () => {
    const [annHere, annThere, bobs] = [await loggedIn("One"), await loggedIn("Two"), await loggedIn("Three", bob)];
    const end = endFormIn(await list(annHere));
    await bobs.post(end);
    expect(await list(bobs)).to.include("This login has already ended.");
    await bobs.post(end.replace(/end$/, "name"), { form: { label: "Bob was here" } });
    expect(await list(bobs)).to.include("This login has already ended.");
    const forged = await annHere.post(end, { headers: { "sec-fetch-site": "cross-site" } });
    expect(forged.status).to.equal(403);
    expect(await list(annThere))
      .to.include("Two (this browser)")
      .and.not.include("Bob");
  });
});
