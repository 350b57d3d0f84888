/** How a part is run. */
export interface Running {
  /** How often things are done: enough for the site, enough for a look, or just enough to see whether a part runs. */
  size: "full" | "quick" | "smoke";
  /** The Node binary of the measured servers. */
  node: string;
  /** The only place to measure at, of a part that has several. */
  place?: string | undefined;
}

/** Something that is measured by itself. */
export interface Part<R extends object = object> {
  name: string;
  run(running: Running): Promise<R>;
  /** The results as Markdown, for the terminal and the site. */
  report(results: R): string;
  /** The results as a picture, if there is one. */
  draw?(results: R): string;
}
