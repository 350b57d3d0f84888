import { readFileSync } from "node:fs";

/**
 * Reads the first steps of a page: the commands that install, the files that come next, and the commands that compile
 * and start the program.
 *
 * @param {string} path
 */
export function readPage(path) {
  const text = readFileSync(path, "utf8");
  const blocks = [...text.matchAll(/^```(sh|ts)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
  const install = blocks.findIndex(({ language, code }) => language === "sh" && /^npm install latchkey\b/m.test(code));
  const run = blocks.findIndex(({ language, code }) => language === "sh" && /^node \S+\.js$/m.test(code));
  if (install < 0) throw new Error(`${path} does not say how to install`);
  if (run < install) throw new Error(`${path} does not say how to run the program`);
  const files = blocks.slice(install, run).flatMap(({ code }) => {
    const name = /^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1];
    return name ? [{ name, code }] : [];
  });
  const commands = lines(blocks[run].code);
  return { install: lines(blocks[install].code), files, compile: commands.slice(0, -1), start: commands.at(-1) };
}

/** Returns the credentials of the first account in a program. @param {Array<{ code: string }>} files */
export function credentialsIn(files) {
  const [, email, password] =
    /"([^"@]+@[^"]+)", await hash\("([^"]+)"\)/.exec(files.map(({ code }) => code).join("\n")) ?? [];
  if (!email) throw new Error("the program contains no account");
  return { email, password };
}

/** Returns the port that a program listens on. @param {Array<{ code: string }>} files */
export function portIn(files) {
  const [, port] = /\.listen\((\d+)/.exec(files.map(({ code }) => code).join("\n")) ?? [];
  if (!port) throw new Error("the program does not listen on a port");
  return port;
}

function lines(code) {
  return code.split("\n").filter((line) => line && !line.startsWith("#"));
}
