import { compare, type Difference } from "./compare.js";
import { knownDifferences } from "./known-differences.js";
import type { Outcome, Program } from "./program-process.js";
import { describeCase, type Spec } from "./spec.js";

/** Runs cases with and without latchkey, and keeps what was found. */
export class Trial {
  cases = 0;
  /** Which of the known differences occurred. */
  readonly occurred = new Set<string>();
  /** The cases that differed at first, but not each time. */
  readonly unsteady: string[] = [];
  readonly #outcomes = new Map<string, Promise<Outcome>>();

  constructor(
    readonly without: Program,
    readonly own: Program,
  ) {}

  /**
   * The differences of these cases that are not known, in words.
   *
   * What a client sees of some cases depends on time, without latchkey too: whether `destroy()` overtakes the answer, or where the network
   * cuts it. So a case that differs among others is run again, alone, and must differ each time.
   */
  async run(specs: readonly Spec[]): Promise<string[]> {
    const differing: Spec[] = [];
    const waiting = specs.values();
    const work = async () => {
      for (const spec of waiting)
        if ((await this.#differences(spec, this.#known(spec))).length > 0) differing.push(spec);
    };
    await Promise.all(Array.from({ length: 12 }, work));
    this.cases += specs.length;
    const unexplained: string[] = [];
    for (const spec of differing) {
      const found = await this.#lasting(spec);
      if (found.length > 0) unexplained.push(`${describeCase(spec)}\n${found.map(inWords).join("\n")}`);
      else this.unsteady.push(describeCase(spec));
    }
    return unexplained;
  }

  /** The last differences of a case that differs each of several times. */
  async #lasting(spec: Spec): Promise<Difference[]> {
    let found: Difference[] = [];
    for (let time = 0; time < 8; time++) {
      found = await this.#differences(spec, this.without.run(this.#plain(spec)));
      if (found.length === 0) break;
    }
    return found;
  }

  async #differences(spec: Spec, expected: Promise<Outcome>): Promise<Difference[]> {
    const [without, own] = await Promise.all([expected, this.own.run(spec)]);
    return compare(spec, without, own).filter((difference) => {
      const known = knownDifferences.filter(({ occurs }) => occurs(spec, difference));
      for (const { what } of known) this.occurred.add(what);
      return known.length === 0;
    });
  }

  #known(spec: Spec): Promise<Outcome> {
    const plain = this.#plain(spec);
    const key = describeCase(plain);
    const found = this.#outcomes.get(key) ?? this.without.run(plain);
    this.#outcomes.set(key, found);
    return found;
  }

  /** Plain Express knows no sessions, and an express-session no logins. */
  #plain(spec: Spec): Spec {
    return spec.sessions === "latchkey"
      ? { ...spec, session: "untouched", save: "fast" }
      : { ...spec, session: spec.session === "untouched" ? "untouched" : "changed" };
  }
}

function inWords({ aspect, without, with: own }: Difference): string {
  const shown = (text: string) => text.slice(0, 1500).replaceAll("\n", "\n        ");
  return `  ${aspect}\n    without latchkey:\n        ${shown(without)}\n    with latchkey:\n        ${shown(own)}`;
}
