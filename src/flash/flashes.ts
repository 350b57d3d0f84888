import type { Request, Response } from "express";
import { ResponseStartedError } from "../errors.js";
import { joinStart } from "../http/before-response.js";
import { RequestSlot } from "../http/request-slot.js";
import { type Flash, type FlashContent, type FlashCookie, isShortEnough, type KeptFlash } from "./flash-cookie.js";

/** The parts of a request that flash messages use. */
export interface FlashRequest {
  readonly req: Request;
  readonly res: Response;
  /** The id of the request's login; null if nobody is logged in, undefined if the store failed. */
  loginId(): string | null | undefined;
}

const slot = new RequestSlot<Flashes>();

/** The flash messages of all requests under one manager. */
export class FlashMessages {
  constructor(readonly cookie: FlashCookie) {}

  /**
   * Returns the messages of a request.
   *
   * @param verb the name of the calling function, for the error message
   *
   * @throws ResponseStartedError if the response has begun
   */
  of(context: FlashRequest, verb: string): Flashes {
    if (context.res.headersSent) throw new ResponseStartedError(verb);
    return this.#open(context);
  }

  /**
   * Called when a login begins or is confirmed. Keeps the messages of an anonymous visitor and of these logins. Drops
   * the messages of other logins, and the messages that asked the user to log in.
   */
  passOn(context: FlashRequest, logins: ReadonlyArray<string | undefined>): void {
    this.#known(context)?.passOn(logins);
  }

  /** Drops all messages, for example after a logout. */
  drop(context: FlashRequest): void {
    this.#known(context)?.drop();
  }

  #known(context: FlashRequest): Flashes | undefined {
    const { req } = context;
    return slot.get(req, this) ?? (this.cookie.isIn(req) ? this.#open(context) : undefined);
  }

  #open(context: FlashRequest): Flashes {
    const open = slot.get(context.req, this);
    if (open) return open;
    const flashes = new Flashes(context, this.cookie);
    slot.set(context.req, flashes, this);
    joinStart(context.res, flashes);
    return flashes;
  }
}

/** The flash messages of one request: those in its cookie, and those that the request adds. */
export class Flashes {
  /** The content of the request's cookie, until it is known whether it belongs to the request's login. */
  #brought: FlashContent | null;
  /** Does the request have a cookie that cannot be read? */
  readonly #isBad: boolean;
  /** The id of the login that the messages belong to; null for an anonymous visitor, undefined while it is unknown. */
  #owner: string | null | undefined;
  #messages: KeptFlash[] = [];
  #next: string | null = null;
  #isChanged = false;
  /** Has `finish` run? After that, a change (for example by an error handler) sets the cookie immediately. */
  #isFinished = false;

  constructor(
    private readonly context: FlashRequest,
    private readonly cookie: FlashCookie,
  ) {
    this.#brought = cookie.read(context.req);
    this.#owner = this.#brought?.loginId;
    this.#isBad = this.#brought === null && cookie.isIn(context.req);
  }

  add(flash: KeptFlash): void {
    this.#messages.push(flash);
    this.#change();
  }

  /** Adds the message of a challenge, unless it is already there, and stores the page to return to. */
  addChallenge(flash: Flash | null, next: string | null): void {
    this.#adopt(this.context.loginId());
    const isKept = ({ message, category }: Flash) => message === flash?.message && category === flash.category;
    if (flash && !this.#messages.some(isKept)) this.add({ ...flash, isChallenge: true });
    if (next === null || next === this.#next || !isShortEnough(next)) return;
    this.#next = next;
    this.#change();
  }

  take(category: string | undefined): Flash[] {
    this.#adopt(this.context.loginId());
    const isTaken = (flash: Flash) => category === undefined || flash.category === category;
    const taken = this.#messages.filter(isTaken);
    if (taken.length === 0) return [];
    this.#messages = this.#messages.filter((flash) => !isTaken(flash));
    this.#change();
    return taken.map(({ message, category }) => ({ message, category }));
  }

  takeNext(): string | null {
    this.#adopt(this.context.loginId());
    const next = this.#next;
    if (next === null) return null;
    this.#next = null;
    this.#change();
    return next;
  }

  passOn(logins: ReadonlyArray<string | undefined>): void {
    const owner = this.#brought?.loginId;
    if (typeof owner === "string" && !logins.includes(owner)) this.#brought = null;
    else this.#adopt(owner);
    this.#messages = this.#messages.filter(({ isChallenge }) => !isChallenge);
    this.#change();
  }

  drop(): void {
    this.#brought = null;
    this.#messages = [];
    this.#next = null;
    this.#change();
  }

  /** Sets or removes the cookie in the response, if needed. */
  finish(): void {
    this.#isFinished = true;
    const { req, res } = this.context;
    if (res.headersSent) return;
    const login = this.context.loginId();
    if (login !== undefined) this.#owner = login;
    // If the login is unknown, the cookie keeps its owner. Messages without a known owner are dropped, because the
    // wrong user could see them.
    const owner = this.#owner;
    if (owner === undefined) return;
    if (login !== undefined || this.#isChanged) this.#adopt(owner);
    const isForeign = login !== undefined && this.#brought !== null;
    if (!this.#isChanged && !isForeign && !this.#isBad) return;
    if (this.#messages.length === 0 && this.#next === null) this.cookie.clear(req, res);
    else this.cookie.set(req, res, { loginId: owner, messages: this.#messages, next: this.#next });
    if (/\bno-store\b/i.test(String(res.getHeader("Cache-Control")))) return;
    res.setHeader("Cache-Control", "private, no-store");
  }

  /**
   * Called if an error replaces the response. Drops the messages that were added, and restores the messages that were
   * taken.
   */
  fail(): void {
    this.cookie.takeBack(this.context.res);
    this.#brought = this.cookie.read(this.context.req);
    this.#owner = this.#brought?.loginId;
    this.#messages = [];
    this.#next = null;
    this.#isChanged = false;
  }

  /** Takes over the content of the request's cookie, if it belongs to this login or to an anonymous visitor. */
  #adopt(login: string | null | undefined): void {
    const brought = this.#brought;
    if (login === undefined || brought === null) return;
    if (brought.loginId !== null && brought.loginId !== login) return;
    this.#brought = null;
    const isPast = brought.loginId === null && login !== null;
    const messages = brought.messages.filter(({ isChallenge }) => !(isPast && isChallenge));
    if (messages.length < brought.messages.length) this.#isChanged = true;
    this.#messages.unshift(...messages);
    this.#next ??= brought.next;
  }

  #change(): void {
    this.#isChanged = true;
    if (this.#isFinished) this.finish();
  }
}
