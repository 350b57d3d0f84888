// FoalTS with its own application and sessions, set up as in its guide.
import {
  Config,
  type Context,
  createApp,
  Get,
  HttpResponseOK,
  type SessionState,
  SessionStore,
  UserRequired,
  UseSessions,
} from "@foal/core";
import { type Person, people, type Variant } from "../harness/app.js";

/** FoalTS has no memory store. This store keeps JSON in a Map, like the memory store of express-session. */
class MapStore extends SessionStore {
  readonly #kept = new Map<string, string>();

  async save(state: SessionState): Promise<void> {
    this.#kept.set(state.id, JSON.stringify(state));
  }

  async read(id: string): Promise<SessionState | null> {
    return JSON.parse(this.#kept.get(id) ?? "null") as SessionState | null;
  }

  update(state: SessionState): Promise<void> {
    return this.save(state);
  }

  async destroy(id: string): Promise<void> {
    this.#kept.delete(id);
  }

  async clear(): Promise<void> {
    this.#kept.clear();
  }

  async cleanUpExpiredSessions(): Promise<void> {}
}

export const foalSession: Variant = ({ count }) => {
  const { another, load } = people(count);
  const user = async (id: string | number) => (load(String(id)) ?? null) as { [key: string]: unknown } | null;
  Config.set("settings.logger.logHttpRequests", false);

  @UseSessions({ store: MapStore, cookie: true, userIdType: "string", user })
  class Controller {
    @Get("/login")
    login({ session }: Context) {
      session!.setUser(another());
      return new HttpResponseOK("in");
    }

    @Get("/me")
    @UserRequired()
    me({ user }: Context) {
      return new HttpResponseOK({ email: (user as Person).email });
    }
  }
  return createApp(Controller);
};
