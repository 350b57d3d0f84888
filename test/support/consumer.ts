import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.resolve("latchkey/package.json")));

/** The exit code and the output of a program. */
export interface Outcome {
  code: number;
  output: string;
}

/** A project that has latchkey installed: a copy of a folder in `test/consumers`, outside this repository. */
export class Consumer {
  private constructor(readonly dir: string) {}

  /** A project in an empty folder. */
  static async empty(): Promise<Consumer> {
    return new Consumer(await realpath(await mkdtemp(join(tmpdir(), "latchkey-consumer-"))));
  }

  static of(name: string): Promise<Consumer> {
    return Consumer.copyOf(join(root, "test/consumers", name));
  }

  /** A copy of a folder. */
  static async copyOf(folder: string): Promise<Consumer> {
    const { dir } = await Consumer.empty();
    await cp(folder, dir, { recursive: true });
    await mkdir(join(dir, "node_modules"));
    await symlink(root, join(dir, "node_modules/latchkey"));
    const installed = (await readdir(join(root, "node_modules"))).filter((entry) => !entry.startsWith("."));
    await Promise.all(
      installed.map((entry) => symlink(join(root, "node_modules", entry), join(dir, "node_modules", entry))),
    );
    return new Consumer(dir);
  }

  /** Compiles the project. */
  tsc(...args: string[]): Promise<Outcome> {
    return this.node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".", ...args);
  }

  /** Runs a file of the project. */
  node(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(process.execPath, args, { cwd: this.dir }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
      });
    });
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}
