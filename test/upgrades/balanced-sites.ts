import { type SiteProcess, startSite } from "../support/processes.js";
import { type RawAnswer, send } from "../support/raw-client.js";

/** The version that a process runs. */
export interface Version {
  name: string;
  program: string;
}

interface Running {
  version: Version;
  site: SiteProcess;
  /** How many requests wait for a response. */
  active: number;
  served: number;
  /** Called when the last response of a retired process has arrived. */
  idle?: () => void;
}

type Sending = Parameters<typeof send>[2];

/** Processes that serve one store, behind a load balancer that chooses any of them for each request. */
export class BalancedSites {
  #running: Running[] = [];
  /** The number of responses of all processes, by status. */
  readonly statuses: Record<number, number> = {};

  constructor(readonly storeUrl: string) {}

  /** The names of the versions that serve requests now. */
  get versions(): string[] {
    return this.#running.map(({ version }) => version.name);
  }

  get total(): number {
    return Object.values(this.statuses).reduce((sum, count) => sum + count, 0);
  }

  /** Has each process responded to at least this many requests? */
  hasServed(each: number): boolean {
    return this.#running.every(({ served }) => served >= each);
  }

  async add(version: Version): Promise<void> {
    const site = await startSite(this.storeUrl, version.program, version.name);
    this.#running.push({ version, site, active: 0, served: 0 });
    for (const one of this.#running) one.served = 0;
  }

  /** Ends the oldest process, after its last response. */
  async removeOldest(): Promise<void> {
    const oldest = this.#running.shift()!;
    if (oldest.active > 0)
      await new Promise<void>((resolve) => {
        oldest.idle = resolve;
      });
    await oldest.site.kill();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map(({ site }) => site.kill()));
  }

  /** Sends a request to any process. */
  async send(line: string, sending?: Sending): Promise<RawAnswer> {
    const one = this.#running[Math.floor(Math.random() * this.#running.length)]!;
    one.active++;
    try {
      const answer = await send(one.site.origin, line, sending);
      this.statuses[answer.status] = (this.statuses[answer.status] ?? 0) + 1;
      return answer;
    } finally {
      one.served++;
      if (--one.active === 0) one.idle?.();
    }
  }
}
