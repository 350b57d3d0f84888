// Joins the compiled modules in dist to few files. Node.js needs more time to find and open 150 files than to run them.
// The type declarations stay in their files.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { rollup } from "rollup";

/**
 * What code without a LoginManager needs, such as a module of entities or a store. It is a file of its own, because an
 * application's bundler leaves out only whole files for certain.
 */
const WITHOUT_MANAGER = [
  ...["src/user", "src/refusals", "src/guards/next-url", "stores/packed", "stores/memory/index"],
  ...["arguments", "check-store", "create-if-free", "peer-errors", "upkeep"].map((file) => `src/store/${file}`),
];

const dist = resolve("dist");
const { exports, bin } = JSON.parse(readFileSync("package.json", "utf8"));
const entries = [...Object.values(exports).flatMap((entry) => entry.default ?? []), bin.latchkey];
const nameOf = (entry) => relative("dist", entry).replace(/\.js$/, "");

const bundle = await rollup({
  input: Object.fromEntries(entries.map((entry) => [nameOf(entry), resolve(entry)])),
  external: (id) => !id.startsWith(".") && !isAbsolute(id),
  plugins: [{ name: "source maps of the compiler", load: (file) => ({ code: read(file), map: read(`${file}.map`) }) }],
  onLog(_level, { code, message }) {
    // The compiler's helpers for decorators begin with `this &&`.
    if (code !== "THIS_IS_UNDEFINED") throw new Error(message);
  },
});
const { output } = await bundle.write({
  dir: dist,
  manualChunks: {
    "without-manager": WITHOUT_MANAGER.map((file) => join(dist, `${file}.js`)),
    latchkey: [resolve(exports["."].default)],
  },
  chunkFileNames: "shared/[name].js",
  hoistTransitiveImports: false,
  minifyInternalExports: false,
  sourcemap: true,
  sourcemapExcludeSources: true,
});
const written = new Set(output.map(({ fileName }) => join(fileName)));
for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
  if (/\.js(\.map)?$/.test(file) && !written.has(file)) rmSync(join(dist, file));
}

function read(file) {
  return readFileSync(file, "utf8");
}
