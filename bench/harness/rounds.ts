import type { MeasuredServer, Run } from "./measured-server.js";
import type { Running } from "./part.js";

/** A server, and the request that is measured. */
export interface Contender {
  name: string;
  server: MeasuredServer;
  line: string;
}

/** The median, the minimum and the maximum of the rounds. */
export interface Spread {
  median: number;
  range: [least: number, greatest: number];
}

/** The cost of one contender, and its ratios to the first contender in the same round. */
export interface Figures {
  name: string;
  cpu: Spread;
  cpuRatio: Spread;
  rate: Spread;
  rateRatio: Spread;
  /** How much more CPU time this takes than what is written by hand, in units of the first contender's CPU time. */
  overHand?: Spread;
}

/** The name of the contender that `overHand` compares with. */
export const BY_HAND = "written by hand";

export interface Amounts {
  /** Requests before the measurement, so that the code is compiled. */
  warmUp: number;
  rounds: number;
  requests: number;
}

const AMOUNTS: Record<Running["size"], Amounts> = {
  full: { warmUp: 20_000, rounds: 9, requests: 2500 },
  quick: { warmUp: 8000, rounds: 5, requests: 2000 },
  smoke: { warmUp: 20, rounds: 1, requests: 20 },
};

export function amountsOf({ size }: Running): Amounts {
  return AMOUNTS[size];
}

/** Measures the contenders in turns, so that other load on the machine affects all of them. */
export async function takeTurns(contenders: Contender[], { warmUp, rounds, requests }: Amounts): Promise<Figures[]> {
  const runs = contenders.map((): Run[] => []);
  for (const { server, line } of contenders) await server.run(line, warmUp);
  for (let round = 0; round < rounds; round++) {
    const order = contenders.map((_, i) => (i + round) % contenders.length);
    for (const i of order) runs[i]!.push(await contenders[i]!.server.run(contenders[i]!.line, requests));
  }
  const [base] = runs;
  const hand = runs[contenders.findIndex(({ name }) => name === BY_HAND)];
  return contenders.map(({ name }, i) => {
    const own = runs[i]!;
    const spread = (value: (run: Run) => number) => spreadOf(own.map(value));
    const ratio = (value: (run: Run) => number) => spreadOf(own.map((run, round) => value(run) / value(base![round]!)));
    return {
      name,
      cpu: spread(({ cpu }) => cpu),
      cpuRatio: ratio(({ cpu }) => cpu),
      rate: spread(({ rate }) => rate),
      rateRatio: ratio(({ rate }) => rate),
      ...(hand && { overHand: spreadOf(own.map(({ cpu }, round) => (cpu - hand[round]!.cpu) / base![round]!.cpu)) }),
    };
  });
}

/** Returns the median, the minimum and the maximum of some values. */
export function spreadOf(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, range: [sorted[0]!, sorted.at(-1)!] };
}
