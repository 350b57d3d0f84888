import { type StoreCase, type StoreConformanceOptions, storeConformance } from "latchkey/testing";
import { isQuick, leaveToTestAll } from "./tier.js";

/** Does this case wait for records to expire? */
export function isInRealTime({ name }: StoreCase): boolean {
  return name.endsWith("in real time");
}

/** The conformance cases. The quick tier leaves out the case in real time, because it takes 2.5 seconds. */
export function storeCases(options: StoreConformanceOptions): StoreCase[] {
  const cases = storeConformance(options);
  if (!isQuick) return cases;
  leaveToTestAll("the expiry in real time of most stores");
  return cases.filter((one) => !isInRealTime(one));
}
