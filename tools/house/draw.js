/** The floors of the picture, from top to bottom: a title, and the folders or files on this floor. */
const FLOORS = [
  [
    "Public entries",
    [
      "src/index.ts",
      "src/routing-controllers",
      "src/nestjs",
      "src/external-logins",
      "src/known-browsers",
      "src/device-bound",
      "src/session-imports",
      "src/testing",
      "src/testing/conformance",
      "src/cli",
    ],
  ],
  ["Login manager", ["src/manager"]],
  ["The login layer", ["src/guards", "src/login", "src/current", "src/active-sessions", "src/core.ts"]],
  ["Browser storage", ["src/remember", "src/flash"]],
  ["The session middleware", ["src/session", "src/options"]],
  [
    "Stores",
    [
      "stores/open.ts",
      "stores/memory",
      "stores/redis",
      "stores/sql",
      "stores/sql/drivers",
      "stores/typeorm",
      "stores/express-session",
      "stores/moving",
      "stores/decoded.ts",
    ],
  ],
  ["Shared modules", ["src/http", "src/http/cookies", "src/store", "src/crypto"]],
  [
    "Leaves",
    [
      "user",
      "methods",
      "external-login",
      "label",
      "duration",
      "instants",
      "trace",
      "events",
      "json",
      "checks",
      "errors",
      "text",
    ].map((leaf) => `src/${leaf}.ts`),
  ],
];

const LEAF_FLOOR = FLOORS.length - 1;
const WIDTH = 1180;
const LABEL = 150;
const GAP = 10;
const LINE = 17;
const CHARACTER = 6.7;

/**
 * Draws the rooms. Each room shows its files and the rooms that it uses.
 *
 * @param {Array<{ source: string, dependencies: Array<{ resolved: string }> }>} modules from dependency-cruiser
 * @returns {string} the SVG
 */
export function draw(modules) {
  const names = FLOORS.flatMap(([, rooms]) => rooms);
  const roomOf = (file) =>
    names.filter((name) => file === name || file.startsWith(`${name}/`)).sort((a, b) => b.length - a.length)[0];
  const leaves = new Set(FLOORS[LEAF_FLOOR][1]);
  const rooms = new Map(names.map((name) => [name, { files: [], uses: new Set() }]));
  for (const { source, dependencies } of modules) {
    const room = rooms.get(roomOf(source) ?? "");
    if (!room) continue;
    room.files.push(source);
    for (const { resolved } of dependencies) {
      const used = roomOf(resolved);
      if (used && used !== roomOf(source) && !leaves.has(used)) room.uses.add(used);
    }
  }

  const parts = [];
  let y = GAP;
  for (const [title, floor] of FLOORS) {
    const width = (WIDTH - LABEL - GAP * (floor.length + 1)) / floor.length;
    const boxes = floor.map((name) => linesOf(name, rooms.get(name), names, width));
    const height = Math.max(...boxes.map((lines) => lines.length)) * LINE + 14;
    parts.push(text(GAP, y + 20, "floor", ...wrapped(title, LABEL - GAP)));
    for (const [i, lines] of boxes.entries()) {
      const x = LABEL + GAP + i * (width + GAP);
      parts.push(`<rect x="${x.toFixed(0)}" y="${y}" width="${width.toFixed(0)}" height="${height}" rx="4"/>`);
      for (const [at, { kind, words }] of lines.entries()) parts.push(text(x + 8, y + 20 + at * LINE, kind, words));
    }
    y += height + GAP;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="The rooms of the source code, and the rooms that each one uses">
<style>
  svg { background: #fff; font: 11px ui-monospace, monospace; }
  rect { fill: #f3f5f9; stroke: #9aa5b8; }
  text { fill: #1c2433; }
  .name, .floor { font-weight: bold; }
  .uses { fill: #4a5b7d; font-style: italic; }
</style>
${parts.join("\n")}
</svg>
`;
}

function linesOf(name, { files, uses }, names, width) {
  const characters = width - 16;
  const isFile = name.endsWith(".ts");
  const listed = files.map((file) => file.slice(name.length + 1, -".ts".length)).sort();
  const used = [...uses].sort((a, b) => names.indexOf(a) - names.indexOf(b)).map(short);
  return [
    { kind: "name", words: isFile ? short(name) : `${short(name)}/` },
    ...(isFile ? [] : wrapped(listed.join(", "), characters).map((words) => ({ kind: "file", words }))),
    ...(used.length === 0
      ? []
      : wrapped(`uses ${used.join(", ")}`, characters).map((words) => ({ kind: "uses", words }))),
  ];
}

function short(name) {
  return name.replace(/^(src\/|stores\/(?=.))/, "").replace(/\.ts$/, "");
}

function wrapped(words, width) {
  const lines = [""];
  for (const word of words.split(" ")) {
    const line = lines.at(-1);
    if (line && (line.length + 1 + word.length) * CHARACTER > width) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines;
}

function text(x, y, kind, ...lines) {
  return lines
    .map(
      (line, i) =>
        `<text class="${kind}" x="${x.toFixed(0)}" y="${y + i * LINE}">${line.replaceAll("&", "&amp;")}</text>`,
    )
    .join("\n");
}
