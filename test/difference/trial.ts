import { compare, type Difference } from "./compare.js";
import { knownDifferences } from "./known-differences.js";
import type { Outcome, Program } from "./program-process.js";
import { describeCase, type Spec } from "./spec.js";

/** Runs cases with and without latchkey, and collects the differences. */
export class Trial {
  cases = 0;
  /** The known differences that occurred. */
  readonly occurred = new Set<string>();
  /** The cases that differed at first, but not every time. */
  readonly unsteady: string[] = [];
  readonly #outcomes = new Map<string, Promise<Outcome>>();

  constructor(
    readonly without: Program,
    readonly own: Program,
  ) {}

  /**
   * Returns a description of each case with an unknown difference.
   *
   * In some cases, the timing decides what the client sees, even without latchkey: for example, whether `destroy()`
   * comes before the response, or where the network cuts the response off. So a case that differs is run again, alone.
   * It must differ every time.
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

  /** Runs a case several times. Returns its last differences if it differs every time. */
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

  /** Without latchkey, Express has no sessions, and an express-session has no logins. */
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
