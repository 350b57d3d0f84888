/** The options of a run. */
export interface Running {
  /** The size of the run: for the published figures, for a quick look, or only to see whether the part runs. */
  size: "full" | "quick" | "smoke";
  /** The Node binary of the measured servers. */
  node: string;
  /** The Node binaries that the part `versions` compares. */
  nodes: readonly string[];
  /** The only place to measure, for a part with several places. */
  place?: string | undefined;
}

/** One part of the benchmarks. */
export interface Part<R extends object = object> {
  name: string;
  run(running: Running): Promise<R>;
  /** Returns all results as Markdown, for the terminal and for `bench/results`. */
  report(results: R): string;
  /** Returns a few of the results as Markdown, for the site. */
  page?(results: R): string;
  /** Returns the results as an SVG, if the part has a chart. */
  draw?(results: R): string;
}
