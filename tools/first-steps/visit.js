/** A simple browser. It keeps cookies, and does not follow redirects. */
export class Visitor {
  #cookies = new Map();

  constructor(origin) {
    this.origin = origin;
  }

  async ask(path, form) {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(new URL(path, this.origin), {
      method: form ? "POST" : "GET",
      redirect: "manual",
      headers: { accept: "text/html", ...(cookie ? { cookie } : {}) },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
      this.#cookies.set(name, value);
    }
    return { status: response.status, location: response.headers.get("location"), text: await response.text() };
  }
}

/** @throws if the response does not have this status and this text or location */
export function expectAnswer(answer, status, what) {
  const { location, text } = answer;
  if (answer.status !== status || !(location ?? text).includes(what))
    throw new Error(`expected ${status} with ${what}, got ${answer.status} with ${location ?? text.slice(0, 500)}`);
}
