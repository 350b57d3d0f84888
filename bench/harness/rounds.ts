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

type Cost = Pick<Run, "cpu" | "rate">;

/** The name of the contender that `overHand` compares with. */
export const BY_HAND = "written by hand";

export interface Amounts {
  /** Requests before the measurement, so that the code is compiled. */
  warmUp: number;
  rounds: number;
  requests: number;
}

/** In each round, a contender has many short turns, so that a burst of other load affects all contenders. */
const TURNS = 10;

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
  const runs = contenders.map((): Cost[] => []);
  for (const { server, line } of contenders) await server.run(line, warmUp);
  for (let round = 0; round < rounds; round++) {
    const order = contenders.map((_, i) => (i + round) % contenders.length);
    const turns = contenders.map((): Run[] => []);
    for (let turn = 0; turn < TURNS; turn++) {
      for (const i of order) {
        turns[i]!.push(await contenders[i]!.server.run(contenders[i]!.line, Math.ceil(requests / TURNS)));
      }
    }
    for (const [i, own] of turns.entries()) runs[i]!.push(together(own));
  }
  const [base] = runs;
  const hand = runs[contenders.findIndex(({ name }) => name === BY_HAND)];
  return contenders.map(({ name }, i) => {
    const own = runs[i]!;
    const spread = (value: (run: Cost) => number) => spreadOf(own.map(value));
    const ratio = (value: (run: Cost) => number) =>
      spreadOf(own.map((run, round) => value(run) / value(base![round]!)));
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

/** Returns the cost of a round from the costs of its turns, which all have the same number of requests. */
function together(turns: Run[]): Cost {
  const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  return { cpu: mean(turns.map(({ cpu }) => cpu)), rate: 1 / mean(turns.map(({ rate }) => 1 / rate)) };
}

/** Returns the median, the minimum and the maximum of some values. */
export function spreadOf(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, range: [sorted[0]!, sorted.at(-1)!] };
}
