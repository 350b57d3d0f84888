import { Controller, Get as NestGet } from "@nestjs/common";
import { expect } from "chai";
import express from "express";
import { LoginManager, loginUser, OptionError } from "latchkey";
import { deviceBound, deviceBoundRequired } from "latchkey/device-bound";
import { DeviceBound as NestDeviceBound } from "latchkey/nestjs";
import { Authorized, DeviceBound, decoratorsFor, guardTable, openApiWithGuards } from "latchkey/routing-controllers";
import { Get, JsonController, useExpressServer } from "routing-controllers";
import { nestSite } from "../nestjs/site.js";
import { DeviceBrowser } from "../support/device-browser.js";
import { behindProxy, deviceSite, SECURE } from "../support/device-site.js";
import { type Person, people, SECRET } from "../support/people.js";
import { serve } from "../support/server.js";
import { site } from "../support/site.js";

@DeviceBound()
@JsonController("/controllers")
class Guarded {
  @Get("/bound") bound() {
    return "through";
  }
  @Authorized("admin") @Get("/admin") admin() {
    return "through";
  }
}

const ofStaff = decoratorsFor("staff");

@JsonController("/staff-controllers")
class Staff {
  @ofStaff.DeviceBound() @Get("/bound") bound() {
    return "through";
  }
}

@Controller("nest")
class NestGuarded {
  @NestDeviceBound() @NestGet("bound") bound() {
    return "through";
  }
}

async function answersTo(browser: DeviceBrowser, path: string): Promise<string> {
  const { status, text } = await browser.get(path);
  if (status === 200) return "through";
  return `${(JSON.parse(text) as { code?: string; name?: string }).code ?? ""} ${status}`;
}

describe("a guard that needs a device", () => {
  it("lets through who shows the device, with each way to declare it", async () => {
    const at = site({ ...SECURE, deviceBound: deviceBound() }, behindProxy);
    const staff = new LoginManager<Person>({
      ...{ secret: SECRET, realm: "staff", userLoader: people().load, ...SECURE, deviceBound: deviceBound() },
    });
    staff.init(at.app);
    at.app.post("/staff/login", async (req, res) => void res.json(await staff.loginUser(req, at.ann)));
    at.app.get("/first", deviceBoundRequired(), (_req, res) => void res.send("through"));
    at.app.get("/of-first", deviceBoundRequired(at.login), (_req, res) => void res.send("through"));
    at.app.get("/staff", deviceBoundRequired(staff), (_req, res) => void res.send("through"));
    useExpressServer(at.app, {
      controllers: [Guarded, Staff],
      middlewares: [class None {}],
      defaultErrorHandler: false,
    });
    const origin = await serve(at.app);
    const paths = ["/first", "/of-first", "/controllers/bound", "/controllers/admin"];
    const ofStaff = ["/staff", "/staff-controllers/bound"];
    const all = (browser: DeviceBrowser, which = paths) => Promise.all(which.map((path) => answersTo(browser, path)));

    const browser = new DeviceBrowser(origin);
    expect(new Set(await all(browser))).to.eql(new Set(["login_required 401"]));
    browser.registers = false;
    const answer = await browser.post("/login/1");
    expect(new Set(await all(browser))).to.eql(new Set(["device_required 403"]));
    await browser.register(answer);
    expect(await all(browser)).to.eql(paths.map(() => "through"));
    expect(await all(browser, ofStaff)).to.eql(ofStaff.map(() => "login_required 401"));
    browser.registers = true;
    await browser.post("/staff/login");
    expect(await all(browser, ofStaff)).to.eql(ofStaff.map(() => "through"));
    expect(await all(browser)).to.eql(paths.map(() => "through"));
    expect(await browser.cookie("__Host-staff-device")).to.be.a("string");
    expect(browser.own.map(([path]) => path)).to.eql([
      "/device-bound/registration",
      "/staff-device-bound/registration",
    ]);

    const bob = new DeviceBrowser(origin);
    await bob.post("/login/2");
    expect(await answersTo(bob, "/controllers/bound")).to.equal("through");
    expect(await answersTo(bob, "/controllers/admin")).to.equal("role_required 403");
  });

  it("lets through who shows the device in NestJS", async () => {
    const { origin } = await nestSite({
      module: { controllers: [NestGuarded] },
      options: { ...SECURE, deviceBound: deviceBound() },
      prepare: (app) => void (app as never as { set(name: string, value: unknown): void }).set("trust proxy", true),
    });
    const browser = new DeviceBrowser(origin);
    browser.registers = false;
    const answer = await browser.post("/login/2");
    expect(await answersTo(browser, "/nest/bound")).to.equal("device_required 403");
    await browser.register(answer);
    expect(await answersTo(browser, "/nest/bound")).to.equal("through");
  });

  it("refuses everybody without the option, and users of the request loader", async () => {
    const { ann, load } = people();
    const login = new LoginManager<Person>({
      ...{ secret: SECRET, userLoader: load, requestLoader: (req) => (req.get("x-ann") ? ann : null) },
    });
    const app = express();
    app.set("env", "test");
    login.init(app);
    app.post("/login", async (req, res) => void res.json(await loginUser(req, ann)));
    app.get("/", deviceBoundRequired(), (_req, res) => void res.send("through"));
    const browser = new DeviceBrowser(await serve(app));
    expect(await answersTo(browser, "/")).to.equal("login_required 401");
    await browser.post("/login");
    expect(await answersTo(browser, "/")).to.equal("device_required 403");
    const at = await deviceSite({ requestLoader: (req) => (req.get("x-ann") ? ann : null) });
    const { status } = await at.sendCopy("GET /bound", "", { headers: { "x-ann": "1" } });
    expect(status).to.equal(403);
  });

  it("refuses a user whose login has no device, though the request has shown the device of another login", async () => {
    const { bob } = people();
    const at = await deviceSite({ requestLoader: (req) => (req.get("x-bob") ? bob : null) });
    at.app.post("/switch", async (req, _res, next) => {
      await loginUser(req, bob);
      next();
    });
    at.app.post("/switch", deviceBoundRequired(), (_req, res) => void res.send("through"));
    const browser = await at.bound();
    expect((await browser.post("/switch")).status, "after a login in the same request").to.equal(403);
    const ended = await (await at.bound()).copied();
    Object.assign(at.ann, { stamp: "2" }); // ends her login while it is loaded
    const { status } = await at.sendCopy("GET /bound", ended, { headers: { "x-bob": "1" } });
    expect(status, "a user of the request loader").to.equal(403);
  });

  it("is in the guard table and in the OpenAPI document", () => {
    const table = guardTable([Guarded, Staff]);
    expect(table.map(({ path, deviceBound }) => [path, deviceBound])).to.eql([
      ["/controllers/bound", true],
      ["/controllers/admin", true],
      ["/staff-controllers/bound", true],
    ]);
    const login = new LoginManager<Person>({ secret: SECRET, userLoader: people().load });
    const document = { openapi: "3.0.0", paths: { "/controllers/bound": { get: {} } } };
    const described = JSON.stringify(openApiWithGuards(document, table, login));
    expect(described).to.include("The login is not bound to a device. (device_required)");
  });

  it("is refused if it is not called", () => {
    const app = express();
    app.use(deviceBoundRequired as never);
    expect(() => (deviceBoundRequired as (...given: unknown[]) => unknown)({}, {}, () => {})).to.throw(
      OptionError,
      "call it: deviceBoundRequired()",
    );
    expect(() => (DeviceBound as (target: unknown) => unknown)(Guarded)).to.throw(
      OptionError,
      "call it: @DeviceBound()",
    );
  });
});
