import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { type OpenStore, openStore } from "latchkey/stores";
import { register } from "prom-client";
import { send } from "./raw-client.js";
import { site } from "./site.js";
import { WatchedStore } from "./watched-store.js";

// Runs a recipe of docs/observing.md. Use it in a process of its own, because the recipes never stop listening.

/** A span as a test compares it. `parent` is the name of its parent. */
export interface ToldSpan {
  name: string;
  parent: string | undefined;
  attributes: Record<string, unknown>;
  status: number;
}

/** Serves a site. `visit` sends the status of a page for a user, `fail` makes the store fail from then on. */
async function observedSite() {
  const opened = await openStore("sqlite::memory:");
  const store = new WatchedStore(opened);
  const { app } = site({ store }, (login, application) => {
    application.use((req, _res, next) => {
      const span = trace.getTracer("http").startSpan(`${req.method} ${req.path}`);
      context.with(trace.setSpan(context.active(), span), next);
      span.end();
    });
    login.init(application);
  });
  const server = app.listen(0);
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const { cookie } = await send(origin, "POST /login/1");
  const visit = async () => (await send(origin, "GET /me", { cookie })).status;
  const fail = () => {
    store.before = () => Promise.reject(new Error("away"));
  };
  return { opened, visit, fail };
}

/** Returns the statuses of three visits, the last two without a store, and the metrics after them. */
export async function metricsOf(program: string): Promise<{ statuses: number[]; lines: string[] }> {
  const metrics = (await import(program)) as { watchConnections(store: OpenStore): void };
  const { opened, visit, fail } = await observedSite();
  metrics.watchConnections(opened);
  const statuses = [await visit()];
  fail();
  statuses.push(await visit(), await visit());
  return { statuses, lines: (await register.metrics()).split("\n") };
}

/** Returns the statuses of two visits, the second without a store, and their spans. */
export async function spansOf(program: string): Promise<{ statuses: number[]; spans: ToldSpan[] }> {
  const exporter = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  await import(program);
  const { visit, fail } = await observedSite();
  exporter.reset();
  const statuses = [await visit()];
  fail();
  statuses.push(await visit());
  const spans = exporter.getFinishedSpans();
  const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
  const told = spans.map(({ name, parentSpanContext, attributes, status }) => ({
    name,
    parent: names.get(parentSpanContext?.spanId ?? ""),
    attributes,
    status: status.code,
  }));
  return { statuses, spans: told };
}
