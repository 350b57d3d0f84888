import { channel } from "node:diagnostics_channel";

/** The connections of a store at one moment. */
export interface Connections {
  /** How many connections are open. A client of a Redis Cluster or of Sentinels counts as one. */
  open: number;
  /** How many statements or commands wait for a response, or for a connection. */
  waiting: number;
}

/** What the channel `latchkey:reconnect` publishes: a store replaced connections that no longer responded. */
export interface Reconnect {
  store: "redis" | "postgres" | "mysql";
}

const reconnects = channel("latchkey:reconnect");

/** Publishes that a store replaced its connections. It costs nothing without a subscriber. */
export function publishReconnect(reconnect: Reconnect): void {
  if (reconnects.hasSubscribers) reconnects.publish(reconnect);
}
