import { expect } from "chai";
import sinon from "sinon";
import { Accounts } from "../../examples/web/accounts.js";
import { createApp } from "../../examples/web/app.js";
import { openDatabase } from "../../examples/web/database.js";
import { DeviceBrowser } from "../support/device-browser.js";
import { EXPIRED, GRACE, settled } from "../support/device-site.js";
import { ANN } from "../support/example.js";
import { SECRET } from "../support/people.js";
import { serve } from "../support/server.js";

describe("the example with DEVICE_BOUND=1", () => {
  afterEach(() => sinon.restore());

  it("binds a login to the device, says so in the list of logins, and logs copied cookies", async () => {
    const clock = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const database = await openDatabase();
    await new Accounts(database).signUp(ANN.email, ANN.password);
    const events: string[] = [];
    const log = {
      event: (name: string) => void events.push(name),
      error: (error: unknown) => void events.push(String(error)),
    };
    const origin = "https://example.com";
    const { app } = createApp(database, { origin, secret: SECRET, log, sendMail: () => {}, bindsDevices: true });
    const at = await serve(app);
    const browser = new DeviceBrowser(at, { accept: "text/html" });
    expect((await browser.post("/login", { form: { ...ANN, remember: "on" } })).status).to.equal(303);
    expect(browser.sessions.size).to.equal(1);
    await browser.get("/dashboard");
    await settled();
    expect((await browser.get("/logins")).text).to.include("bound to the device");
    clock.tick(EXPIRED);
    const page = (cookie: string) =>
      fetch(`${at}/dashboard`, {
        redirect: "manual",
        headers: { cookie, "x-forwarded-proto": "https", accept: "text/html" },
      });
    expect((await page(await browser.copied())).status).to.equal(302);
    expect(events).to.include("device refused");
    await browser.restart();
    clock.tick(GRACE);
    expect((await browser.get("/dashboard")).status).to.equal(200);
    await database.destroy();
  });
});
