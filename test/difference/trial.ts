import { compare, type Difference } from "./compare.js";
import { knownDifferences } from "./known-differences.js";
import type { Outcome, Program } from "./program-process.js";
import { describeCase, type Spec } from "./spec.js";

/** Runs cases with and without latchkey, and keeps what was found. */
export class Trial {
  cases = 0;
  /** Which of the known differences occurred. */
  readonly occurred = new Set<string>();
  readonly #outcomes = new Map<string, Promise<Outcome>>();

  constructor(
    readonly without: Program,
    readonly own: Program,
  ) {}

  /** The differences of these cases that are not known, in words. */
  async run(specs: readonly Spec[]): Promise<string[]> {
    const unexplained: string[] = [];
    const waiting = specs.values();
    const work = async () => {
      for (const spec of waiting) {
        const found = await this.#differences(spec);
        if (found.length > 0) unexplained.push(`${describeCase(spec)}\n${found.map(inWords).join("\n")}`);
      }
    };
    await Promise.all(Array.from({ length: 12 }, work));
    return unexplained;
  }

  async #differences(spec: Spec): Promise<Difference[]> {
    this.cases++;
    const [without, own] = await Promise.all([this.#withoutLatchkey(spec), this.own.run(spec)]);
    return compare(spec, without, own).filter((difference) => {
      const known = knownDifferences.filter(({ occurs }) => occurs(spec, difference));
      for (const { what } of known) this.occurred.add(what);
      return known.length === 0;
    });
  }

  /** Plain Express knows no sessions, and an express-session no logins. */
  #withoutLatchkey(spec: Spec): Promise<Outcome> {
    const plain: Spec =
      spec.sessions === "latchkey"
        ? { ...spec, session: "untouched", save: "fast" }
        : { ...spec, session: spec.session === "untouched" ? "untouched" : "changed" };
    const key = describeCase(plain);
    const found = this.#outcomes.get(key) ?? this.without.run(plain);
    this.#outcomes.set(key, found);
    return found;
  }
}

function inWords({ aspect, without, with: own }: Difference): string {
  const shown = (text: string) => text.slice(0, 1500).replaceAll("\n", "\n        ");
  return `  ${aspect}\n    without latchkey:\n        ${shown(without)}\n    with latchkey:\n        ${shown(own)}`;
}
