// A small site that runs with any version of latchkey. The test copies this file into a folder where that version is
// installed. Arguments: the URL of the store, and the name of the version. The version "later" stands for a version
// that adds fields: to each login, to the record of each remembered browser, and to the part that a restore takes over.
import express from "express";
import { confirmLogin, currentUser, LoginManager, loginRequired, loginUser, logoutUser } from "latchkey";
import { openStore } from "latchkey/stores";

const [url, version] = process.argv.slice(2);
process.on("disconnect", () => process.exit());

function userOf(id) {
  return { id, name: `User ${id}`, getSessionStamp: () => `stamp of ${id}` };
}

function withAddedFields({ kind, data, ...record }) {
  const { auth, login, loginId } = data;
  if (kind === "browser") Object.assign(data, { label: "phone", login: { added: loginId, ...login } });
  if (auth) data.auth = { added: auth.loginId, ...auth };
  return { ...record, kind, data };
}

const opened = await openStore(url);
const store = {
  create: (id, record) => opened.create(id, version === "later" ? withAddedFields(structuredClone(record)) : record),
  read: (id) => opened.read(id),
  update: (id, update) => opened.update(id, update),
  touch: (id, times) => opened.touch(id, times),
  destroy: (id) => opened.destroy(id),
  listByUser: (userId, options) => opened.listByUser(userId, options),
  destroyByUser: (userId, options) => opened.destroyByUser(userId, options),
  prune: (options) => opened.prune(options),
};
const secret = "a secret for tests, 32 characters or more";
const login = new LoginManager({ secret, store, storeTimeout: "2m", userLoader: userOf });
const app = express();
app.set("env", "test"); // Express does not print errors
login.init(app);
app.get("/version", (_req, res) => res.json({ version, latchkey: import.meta.resolve("latchkey") }));
app.post("/login/:id", async (req, res) => {
  await loginUser(req, userOf(req.params.id), { remember: true });
  res.json({ version });
});
app.get("/me", loginRequired(), async (req, res) => {
  const { name } = await currentUser();
  const { note = null, auth } = req.session;
  res.json({ name, note, auth: auth ?? null });
});
app.post("/note/:note", loginRequired(), (req, res) => {
  req.session.note = req.params.note;
  res.json(null);
});
app.post("/confirm", async (req, res) => {
  await confirmLogin(req);
  res.json(null);
});
app.get("/logins", loginRequired(), async (_req, res) => res.json(await login.sessions.list(await currentUser())));
app.post("/logout", async (req, res) => {
  await logoutUser(req);
  res.json(null);
});
const server = app.listen(0, "127.0.0.1", () => process.send(`http://127.0.0.1:${server.address().port}`));
server.keepAliveTimeout = 0; // a connection that the server closes while the client sends would look like an error
