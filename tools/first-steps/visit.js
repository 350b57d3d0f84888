/** A browser as it matters here: it keeps cookies, and follows no redirect by itself. */
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

/** Rejects when an answer is not as expected. */
export function expectAnswer(answer, status, what) {
  const { location, text } = answer;
  if (answer.status !== status || !(location ?? text).includes(what))
    throw new Error(`expected ${status} with ${what}, got ${answer.status} with ${location ?? text.slice(0, 500)}`);
}
