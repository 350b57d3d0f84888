import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { expect } from "chai";
import type { Request, RequestHandler } from "express";
import { currentUser } from "latchkey";
import { Authorized } from "latchkey/routing-controllers";
import multer from "multer";
import { Body, JsonController, Post, UploadedFile, UploadedFiles, useExpressServer } from "routing-controllers";
import { expressVersions } from "../support/express.js";
import type { Person } from "../support/people.js";
import { type Build, type Scene, setUp } from "../support/stages.js";

/** Returns the name of the current user without the request. Nothing loads the user before the body is read. */
const nameOf = async () => ({ name: ((await currentUser()) as Person).name });

@JsonController()
class Uploads {
  @Post("/body") body(@Body() _body: unknown) {
    return nameOf();
  }
  @Authorized() @Post("/guarded") guarded(@Body() _body: unknown) {
    return nameOf();
  }
  @Post("/file") file(@UploadedFile("file") file: { size: number }) {
    return file.size > 0 ? nameOf() : {};
  }
  @Post("/files") files(@UploadedFiles("file") files: unknown[]) {
    return files.length === 1 ? nameOf() : {};
  }
}

const text = "x".repeat(200_000);
const form = { type: "application/x-www-form-urlencoded", content: `a=${text.slice(0, 50_000)}` };
const json = { type: "application/json", content: JSON.stringify({ text: text.slice(0, 50_000) }) };
const plain = { type: "text/plain", content: text.slice(0, 50_000) };
const bytes = { type: "application/octet-stream", content: text.slice(0, 50_000) };
const upload = {
  type: "multipart/form-data; boundary=edge",
  content:
    `--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n${text}\r\n` +
    `--edge\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--edge--\r\n`,
};
const bodies: Record<string, { type: string; content: string }> = {
  "/json": json,
  "/urlencoded": form,
  "/raw": bytes,
  "/text": plain,
  "/memory": upload,
  "/disk": upload,
  "/events": bytes,
  "/iterated": bytes,
  "/piped": bytes,
  "/body": json,
  "/guarded": json,
  "/file": upload,
  "/files": upload,
};

describe("currentUser after a body parser", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-"));
  });
  after(() => rm(folder, { recursive: true }));

  for (const { name, express } of expressVersions) {
    describe(`on ${name}`, () => {
      const readers = (): Record<string, RequestHandler> => ({
        "/json": express.json(),
        "/urlencoded": express.urlencoded({ extended: false }),
        "/raw": express.raw(),
        "/text": express.text(),
        "/memory": multer({ storage: multer.memoryStorage() }).single("file") as RequestHandler,
        "/disk": multer({ storage: multer.diskStorage({ destination: folder }) }).any() as RequestHandler,
        "/events": (req, _res, next) => void req.on("data", () => {}).on("end", next),
        "/iterated": (req, _res, next) => drained(req).then(() => next(), next),
        "/piped": (req, _res, next) => void pipeline(req, drained).then(() => next(), next),
      });
      const build: Build = (login) => {
        const app = express();
        login?.init(app);
        for (const [path, reader] of Object.entries(readers())) {
          app.post(path, reader, (_req, res, next) => {
            nameOf().then((answer) => res.json(answer), next);
          });
        }
        useExpressServer(app, { controllers: [Uploads], middlewares: [class None {}] });
        return app;
      };

      for (const [path, body] of Object.entries(bodies)) {
        it(`returns the right user, ${path}`, async () => {
          const scene = await setUp(build);
          const [ann, bob] = [await cookieOf(scene, scene.ann), await cookieOf(scene, scene.bob)];
          const expected: string[] = [];
          const answers: Array<Promise<string>> = [];
          for (let i = 0; i < 10; i++) {
            for (const [cookie, who] of [
              [ann, "Ann"],
              [bob, "Bob"],
            ] as const) {
              expected.push(JSON.stringify({ name: who }), JSON.stringify({ name: who }));
              answers.push(post(scene.origin + path, body, cookie), post(scene.origin + path, body, cookie, true));
            }
          }
          expect(await Promise.all(answers)).to.deep.equal(expected);
        });
      }
    });
  }
});

async function drained(stream: AsyncIterable<unknown> | Request): Promise<void> {
  for await (const _ of stream);
}

async function cookieOf({ as, origin }: Scene, person: Person): Promise<string> {
  return (await as(person)).jar.getCookieString(origin);
}

/** Sends a body in one piece, or in pieces that arrive one by one. */
async function post(url: string, body: { type: string; content: string }, cookie: string, inPieces = false) {
  const headers = { cookie, "content-type": body.type, accept: "application/json" };
  const sent = inPieces ? { body: new Blob([body.content]).stream(), duplex: "half" as const } : { body: body.content };
  return (await fetch(url, { method: "POST", headers, ...sent })).text();
}
