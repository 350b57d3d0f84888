import { SpanStatusCode } from "@opentelemetry/api";
import { expect } from "chai";
import type { metricsOf, spansOf } from "../support/observed-site.js";
import { runProgram } from "../support/program.js";
import { programOf } from "../support/snippets-compiled.js";
import { inTestAll } from "../support/tier.js";

const PAGE = "docs/observing.md";
const observed = new URL("../support/observed-site.js", import.meta.url).href;

/** Runs a recipe in its own process, and returns what the function of support/observed-site.ts returns. */
async function observe<T>(run: string, file: string): Promise<T> {
  const program = JSON.stringify(await programOf(PAGE, file));
  const { code, output } = await runProgram(
    `import { ${run} } from ${JSON.stringify(observed)};
    process.stdout.write(JSON.stringify(await ${run}(${program})), () => process.exit());`,
    { env: { NODE_ENV: "test", NODE_NO_WARNINGS: "1" } },
  );
  expect(code, output).to.equal(0);
  return JSON.parse(output) as T;
}

inTestAll(`the recipes of ${PAGE}`, () => {
  it("count events and calls, and measure connections, with prom-client", async () => {
    const { statuses, lines } = await observe<Awaited<ReturnType<typeof metricsOf>>>("metricsOf", "metrics.ts");
    expect(statuses).to.eql([200, 503, 503]);
    for (const line of [
      'latchkey_events_total{event="loggedIn"} 1',
      'latchkey_events_total{event="storeFailed"} 1',
      "latchkey_store_failures_total 1",
      'latchkey_store_seconds_count{store="WatchedStore",operation="create",outcome="ok"} 1',
      'latchkey_store_seconds_count{store="WatchedStore",operation="read",outcome="ok"} 1',
      'latchkey_store_seconds_count{store="WatchedStore",operation="read",outcome="failed"} 2',
      'latchkey_connections{what="open"} 1',
      'latchkey_connections{what="waiting"} 0',
    ])
      expect(lines).to.include(line);
  });

  it("make spans that are children of the request's span, with OpenTelemetry", async () => {
    const { statuses, spans } = await observe<Awaited<ReturnType<typeof spansOf>>>("spansOf", "spans.ts");
    expect(statuses).to.eql([200, 503]);
    const reads = spans.filter(({ name }) => name === "latchkey store read");
    const read = { "latchkey.store": "WatchedStore", "latchkey.operation": "read", "http.request.method": "GET" };
    expect(reads.map(({ parent, attributes, status }) => [parent, attributes, status])).to.eql([
      ["GET /me", { ...read, "latchkey.outcome": "ok" }, SpanStatusCode.UNSET],
      ["GET /me", { ...read, "latchkey.outcome": "failed" }, SpanStatusCode.ERROR],
    ]);
    const loads = spans.filter(({ name }) => name === "latchkey load user");
    expect(loads.map(({ parent, status }) => [parent, status])).to.deep.include(["GET /me", SpanStatusCode.UNSET]);
  });
});
