import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, RequestListener } from "node:http";
import { createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { type BrowserContext, chromium } from "playwright-core";
import { LAUNCH, PATIENCE } from "./chromium.js";

/** Device Bound Session Credentials with keys in software, for a machine without such hardware. */
const FEATURES = ["EnableBoundSessionCredentialsSoftwareKeysForManualTesting"];

/** An application on https://localhost, and a browser profile that trusts its certificate. */
export class HttpsChromium {
  /** The requests of the browser: method, path, status, and the reason why it skipped a refresh. */
  readonly log: string[] = [];
  #opened: BrowserContext | undefined;
  #elsewhere: Server | undefined;

  private constructor(
    private readonly folder: string,
    private readonly server: Server,
    private readonly spki: string,
    readonly origin: string,
  ) {}

  /** @param listener answers the requests */
  static async start(
    listener: RequestListener,
    onUpgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void,
  ): Promise<HttpsChromium> {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-https-"));
    const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-keyout", keyFile, "-out", certFile];
    await promisify(execFile)("openssl", ["req", "-x509", "-days", "2", ...newKey, ...files, ...subject]);
    const [key, cert] = await Promise.all([readFile(keyFile), readFile(certFile)]);
    const publicKey = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
    const server = createServer({ key, cert });
    if (onUpgrade) server.on("upgrade", onUpgrade);
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as AddressInfo;
    const spki = createHash("sha256").update(publicKey).digest("base64");
    const here = new HttpsChromium(folder, server, spki, `https://localhost:${port}`);
    server.on("request", (req, res) => {
      const line = `${req.method} ${req.url}`;
      const [skipped] = String(req.headers["secure-session-skipped"] ?? "").split(";");
      res.on("finish", () => {
        if (req.url !== "/favicon.ico") here.log.push(`${line} ${res.statusCode}${skipped && ` ${skipped}`}`);
      });
      listener(req, res);
    });
    return here;
  }

  /** Opens the browser with its profile. Closes it first if it is open. @param quota keep the quota of refreshes? */
  async open({ quota = false } = {}): Promise<BrowserContext> {
    await this.#opened?.close();
    const features = [`DeviceBoundSessions${quota ? "" : ":RefreshQuota/false"}`, ...FEATURES];
    const own = [`--enable-features=${features.join(",")}`, `--ignore-certificate-errors-spki-list=${this.spki}`];
    const args = [...LAUNCH.args!, ...own];
    this.#opened = await chromium.launchPersistentContext(join(this.folder, "profile"), { ...LAUNCH, args });
    this.#opened.setDefaultTimeout(PATIENCE);
    return this.#opened;
  }

  /** Serves an empty page on another port. Resolves with its origin, which is of the same site. */
  async serveElsewhere(): Promise<string> {
    const files = ["key.pem", "cert.pem"].map((name) => readFile(join(this.folder, name)));
    const [key, cert] = await Promise.all(files);
    const server = createServer({ key: key!, cert: cert! }, (_req, res) => {
      res.setHeader("content-type", "text/html").end("<p>elsewhere");
    });
    this.#elsewhere = server;
    await new Promise<void>((resolve) => server.listen(0, resolve));
    return `https://localhost:${(server.address() as AddressInfo).port}`;
  }

  /** Sends a request with these cookies from another client. Resolves with the status. */
  send(line: string, cookie: string): Promise<number> {
    const [method, path] = line.split(" ") as [string, string];
    return new Promise((resolve, reject) => {
      const sent = request(this.origin + path, { method, headers: { cookie }, rejectUnauthorized: false });
      sent.on("response", (answer) => answer.resume().on("end", () => resolve(answer.statusCode!)));
      sent.on("error", reject).end();
    });
  }

  async stop(): Promise<void> {
    await this.#opened?.close();
    for (const server of [this.server, this.#elsewhere]) {
      server?.closeAllConnections();
      await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
