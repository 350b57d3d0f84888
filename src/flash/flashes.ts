import type { Request, Response } from "express";
import { ResponseStartedError } from "../errors.js";
import { joinStart } from "../http/before-response.js";
import { RequestSlot } from "../http/request-slot.js";
import { type Flash, type FlashContent, type FlashCookie, isShortEnough, type KeptFlash } from "./flash-cookie.js";

/** A request, as far as flash messages go. */
export interface FlashRequest {
  readonly req: Request;
  readonly res: Response;
  /** The id of its login; null if there is none, undefined if the store failed. */
  loginId(): string | null | undefined;
}

const slot = new RequestSlot<Flashes>();

/** The flash messages of all requests under one manager. */
export class FlashMessages {
  constructor(readonly cookie: FlashCookie) {}

  /**
   * The messages of a request.
   *
   * @param verb the name of the function that asks, for the error
   *
   * @throws ResponseStartedError once the response has begun
   */
  of(context: FlashRequest, verb: string): Flashes {
    if (context.res.headersSent) throw new ResponseStartedError(verb);
    return this.#open(context);
  }

  /** Keeps a visitor's messages, and the messages of these logins, for the next login. Drops the messages that asked to log in. */
  passOn(context: FlashRequest, logins: ReadonlyArray<string | undefined>): void {
    this.#known(context)?.passOn(logins);
  }

  /** Forgets all messages, as at a logout. */
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

/** The flash messages of one request: those in its cookie, and what the request adds and takes. */
export class Flashes {
  /** The content of the request's cookie, until it is known to belong to the request's login. */
  #brought: FlashContent | null;
  /** Is there a cookie that cannot be read? */
  readonly #isBad: boolean;
  /** The login that the messages belong to; null for a visitor, undefined while it is unknown. */
  #owner: string | null | undefined;
  #messages: KeptFlash[] = [];
  #next: string | null = null;
  #isChanged = false;
  /** Was the response's cookie set already? A later change, such as an error handler's, then sets it at once. */
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

  /** Adds the message of a challenge, unless it is there already, and the page to come back to. */
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

  /** Sets or removes the cookie if needed. */
  finish(): void {
    this.#isFinished = true;
    const { req, res } = this.context;
    if (res.headersSent) return;
    const login = this.context.loginId();
    if (login !== undefined) this.#owner = login;
    // If the login is unknown, the cookie keeps its owner. Messages of nobody known could be shown to anybody, so they are dropped.
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

  /** An error replaces the answer: drops the messages that it added, and puts back the messages that it took. */
  fail(): void {
    this.cookie.takeBack(this.context.res);
    this.#brought = this.cookie.read(this.context.req);
    this.#owner = this.#brought?.loginId;
    this.#messages = [];
    this.#next = null;
    this.#isChanged = false;
  }

  /** Takes over the content of the request's cookie, if it belongs to this login or to a visitor. */
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
