import { type RawAnswer, send } from "./raw-client.js";
import { forgets, header, taking } from "./remembered.js";

/** The options of a tab's request. */
interface Sending {
  headers?: Record<string, string>;
  /** Is the response lost before the browser receives it? */
  isLost?: boolean;
}

/** A browser whose tabs share its cookies. A request sends the current cookies, and each response changes them. */
export class Tabs {
  /** The cookies by name. Each value is a `name=value` pair. */
  jar: Record<string, string>;

  constructor(
    readonly origin: string,
    { sid, remember }: { sid?: string; remember: string },
  ) {
    this.jar = { ...(sid ? { sid } : {}), remember };
  }

  /** Requests `/me` in one tab. */
  async ask({ headers = {}, isLost = false }: Sending = {}): Promise<RawAnswer> {
    const answer = await send(this.origin, "GET /me", { cookie: header(this.jar), headers });
    if (isLost) return answer;
    this.jar = taking(this.jar, [answer]);
    if (forgets(answer)) delete this.jar.remember;
    return answer;
  }

  /** Requests `/me` in many tabs at once, before the first response arrives. */
  askAtOnce(count: number, sending: (tab: number) => Sending = () => ({})): Promise<RawAnswer[]> {
    return Promise.all(Array.from({ length: count }, (_, tab) => this.ask(sending(tab))));
  }

  /** Closes the browser and opens it again, which deletes the session cookie. */
  reopen(): void {
    delete this.jar.sid;
  }
}
