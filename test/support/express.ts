import express5 from "express";
import express4 from "express4";

/** The supported major versions of Express. The same tests run on each version. */
export const expressVersions = [
  { name: "Express 5", express: express5 },
  { name: "Express 4", express: express4 as unknown as typeof express5 },
] as const;
