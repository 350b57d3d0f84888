// A shop with two kinds of users: customers, and staff who also need the code of their authenticator app.
//
//   npm run build && npm run build:examples && node build/examples/staff.js

import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { hash, verify } from "@node-rs/argon2";
import express, { type Request } from "express";
import { LoginManager, sameOriginRequired } from "latchkey";
import { newTotpSecret, totpStep } from "./web/second-factor/totp.js";
import { oneMoreTry } from "./web/second-factor/tries.js";

const { PORT = "3000", SECRET = randomBytes(32).toString("hex"), TOTP_SECRET = newTotpSecret() } = process.env;

const passwordHash = await hash("correct horse");
const factor = { totpSecret: TOTP_SECRET, totpStep: 0, failures: 0, tryAgainAt: 0 };

// Use a database instead. Ann and Sam have the same id, and are still two users.
const accounts = [{ id: "1", email: "ann@example.com", passwordHash }];
const employees = [
  { id: "1", email: "sam@shop.example", passwordHash, ...factor, roles: ["refunds"] },
  { id: "2", email: "kim@shop.example", passwordHash, ...factor, roles: [] },
];
type Account = (typeof accounts)[number];
type Employee = (typeof employees)[number];

const customers = new LoginManager<Account>({
  secret: SECRET,
  userLoader: (id) => accounts.find((account) => account.id === id),
  loginView: "/login",
});
const staff = new LoginManager<Employee>({
  secret: SECRET,
  realm: "staff", // keeps its users, cookies and sessions apart from those of the customers
  userLoader: (id) => employees.find((employee) => employee.id === id),
  loginView: "/staff/login",
  methodView: "/staff/code",
  requiredMethods: () => ["otp"],
  idleTimeout: "30m",
});

const app = express();
customers.init(app); // the first manager, to which req.session and req.user belong
staff.init(app);
app.use(sameOriginRequired()); // refuses forms and requests of other sites
app.use(express.urlencoded());

app.get("/login", (_req, res) => void res.send(loginForm("ann@example.com")));
app.post("/login", async (req, res) => {
  const account = await withPassword(accounts, req);
  if (!account) return void res.status(401).send("Wrong e-mail or password.");
  await customers.loginUser(req, account);
  res.redirect(303, customers.safeNext(req));
});
app.post("/logout", async (req, res) => {
  await customers.logoutUser(req);
  res.redirect(303, "/login");
});
app.get("/", customers.loginRequired(), async (_req, res) => {
  const { email } = (await customers.currentUser()) as Account;
  res.send(`Your orders, ${email}. ${button("Log out", "/logout")}`);
});

app.get("/staff/login", (_req, res) => void res.send(loginForm("sam@shop.example")));
app.post("/staff/login", async (req, res) => {
  const employee = await withPassword(employees, req);
  if (!employee) return void res.status(401).send("Wrong e-mail or password.");
  await staff.loginUser(req, employee, { methods: ["pwd"] });
  res.redirect(303, staff.safeNext(req, "/staff")); // its guard asks for the code
});
app.get("/staff/code", (_req, res) => {
  res.send(
    '<form method="post"><label>Code <input name="code" inputmode="numeric"></label> <button>Go on</button></form>',
  );
});
app.post("/staff/code", async (req, res) => {
  const employee = await staff.pendingUser();
  if (!employee) return void res.redirect(303, "/staff/login"); // nobody has sent the password in the last ten minutes
  const tries = oneMoreTry(employee);
  if (!tries) return void res.status(429).send("There were too many wrong codes. Please wait, and then try again.");
  Object.assign(employee, tries);
  const step = totpStep(employee.totpSecret, String(req.body?.code));
  if (step === null || step <= employee.totpStep) return void res.status(422).send("This code is wrong, or was used.");
  Object.assign(employee, { totpStep: step, failures: 0, tryAgainAt: 0 });
  await staff.confirmLogin(req, { user: employee, methods: ["otp"] });
  res.redirect(303, staff.safeNext(req, "/staff"));
});
app.post("/staff/logout", async (req, res) => {
  await staff.logoutUser(req);
  res.redirect(303, "/staff/login");
});

app.use("/staff", staff.loginRequired()); // everything below is for staff
app.get("/staff", async (_req, res) => {
  const { email } = (await staff.currentUser()) as Employee;
  res.send(
    `Orders of all customers, for ${email}. <a href="/staff/refunds">Refunds</a> ${button("Log out", "/staff/logout")}`,
  );
});
app.get("/staff/refunds", staff.roleRequired("refunds"), (_req, res) => void res.send("Refunds"));

/** Returns the person with the e-mail and the password in the form. */
async function withPassword<P extends Account>(people: P[], { body }: Request): Promise<P | undefined> {
  const person = people.find(({ email }) => email === body?.email);
  return person && (await verify(person.passwordHash, String(body.password))) ? person : undefined;
}

function loginForm(email: string): string {
  return `<form method="post">
    <input name="email" type="email" autocomplete="username" value="${email}" required>
    <input name="password" type="password" autocomplete="current-password" placeholder="correct horse" required>
    <button>Log in</button>
  </form>`;
}

function button(label: string, action: string): string {
  return `<form method="post" action="${action}"><button>${label}</button></form>`;
}

const server = app.listen(Number(PORT), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
  console.log(`Staff log in at /staff/login. The key for their authenticator app: ${TOTP_SECRET}`);
});
