import { type RawAnswer, send } from "./raw-client.js";
import { forgets, header, taking } from "./remembered.js";

/** How a tab sends its request. */
interface Sending {
  headers?: Record<string, string>;
  /** Does the browser never get the answer? */
  isLost?: boolean;
}

/**
 * A browser whose tabs share its cookies: a request has the cookies of its moment, and an answer changes those of later
 * requests.
 */
export class Tabs {
  /** The cookies by name, each as a pair. */
  jar: Record<string, string>;

  constructor(
    readonly origin: string,
    { sid, remember }: { sid?: string; remember: string },
  ) {
    this.jar = { ...(sid ? { sid } : {}), remember };
  }

  /** One tab asks who is logged in. */
  async ask({ headers = {}, isLost = false }: Sending = {}): Promise<RawAnswer> {
    const answer = await send(this.origin, "GET /me", { cookie: header(this.jar), headers });
    if (isLost) return answer;
    this.jar = taking(this.jar, [answer]);
    if (forgets(answer)) delete this.jar.remember;
    return answer;
  }

  /** Many tabs ask at once, before any of them is answered. */
  askAtOnce(count: number, sending: (tab: number) => Sending = () => ({})): Promise<RawAnswer[]> {
    return Promise.all(Array.from({ length: count }, (_, tab) => this.ask(sending(tab))));
  }

  /** The browser is closed and opened again: its session's cookie is gone. */
  reopen(): void {
    delete this.jar.sid;
  }
}
