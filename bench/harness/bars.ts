/** One bar: its label, its value and its range. */
export interface Bar {
  label: string;
  value: number;
  range: [least: number, greatest: number];
  isOurs: boolean;
}

/** A group of bars under a heading. */
export interface Group {
  heading: string;
  bars: Bar[];
}

const WIDTH = 720;
const LEFT = 250;
const RIGHT = 70;
const ROW = 22;
const STYLE = `text{font:13px system-ui,sans-serif;fill:#57606a}.heading{font-weight:600}.label{text-anchor:end}
.bar{fill:#8c959f}.ours{fill:#0969da}.range{stroke:#1f2328;stroke-width:1.5;fill:none}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.bar{fill:#656c76}.ours{fill:#4493f8}.range{stroke:#f0f6fc}}`;

/** Draws a bar chart as SVG, with a title and one scale for all groups. */
export function barChart(title: string, groups: Group[], unit: string): string {
  const longest = Math.max(...groups.flatMap(({ bars }) => bars.map(({ range }) => range[1])));
  const x = (value: number) => round(LEFT + (value / longest) * (WIDTH - LEFT - RIGHT));
  const parts = [`<text x="0" y="18">${escapeXml(title)}</text>`];
  let y = 32;
  for (const { heading, bars } of groups) {
    parts.push(`<text class="heading" x="0" y="${y + 18}">${escapeXml(heading)}</text>`);
    y += 28;
    for (const { label, value, range, isOurs } of bars) {
      const middle = y + ROW / 2 - 2;
      const [least, greatest] = range.map(x);
      parts.push(
        `<text class="label" x="${LEFT - 8}" y="${middle + 4}">${escapeXml(label)}</text>`,
        `<rect class="bar${isOurs ? " ours" : ""}" x="${LEFT}" y="${y}" width="${round(x(value) - LEFT)}" height="${ROW - 5}" rx="2" />`,
        `<path class="range" d="M${least},${middle} H${greatest} M${least},${middle - 3} v6 M${greatest},${middle - 3} v6" />`,
        `<text x="${greatest! + 6}" y="${middle + 4}">${value.toFixed(2)}${escapeXml(unit)}</text>`,
      );
      y += ROW;
    }
    y += 12;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
${parts.join("\n")}
</svg>
`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
