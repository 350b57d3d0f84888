import { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Response } from "express";

/**
 * Holds back what a response sends. Meanwhile another response has the connection, and Node queues what this one sends, as it does for
 * a pipelined request whose turn has not come.
 */
export class HeldResponse {
  readonly #turn: ServerResponse;
  #socket: Socket | undefined;
  #isCut = false;
  /** Calls that close the connection, delayed until the answer is sent. */
  #closings: Array<() => void> = [];
  /** Gives the connection back its own methods. */
  #allowClosing: (() => void) | undefined;

  constructor(private readonly res: Response) {
    this.#turn = new ServerResponse(res.req);
    const { socket } = res;
    if (!socket) res.once("socket", this.#wait);
    else if (this.#take(socket)) (res as { socket: Socket }).socket = socket;
  }

  /** Gives the response its connection back, and calls `answer`, which may send more. */
  release(answer: () => void): void {
    const { res } = this;
    const { destroyed } = res;
    const closings = this.#closings;
    const held = this.#socket;
    this.#putBack();
    // Node's end uncorks the connection, whatever the handler does after it.
    if (res.writableEnded) while (held?.writableCorked) held.uncork();
    // The handler destroyed the response after it had answered.
    if (destroyed && !res.req.socket.destroyed) res.destroyed = false;
    answer();
    if (!destroyed && closings.length === 0) return;
    const close = () => {
      res.destroyed ||= destroyed;
      for (const one of closings) one();
    };
    if (res.headersSent) close();
    else res.once("finish", close);
  }

  /** Cuts the connection. No byte of this response was sent. */
  cut(): void {
    this.#isCut = true;
    this.#allowClosing?.();
    this.#socket?.destroy();
  }

  /** Runs when it is the turn of a pipelined request. Until then Node sends nothing, because its response has no socket. */
  readonly #wait = (socket: Socket) => {
    this.#take(socket);
    if (this.#isCut) this.cut();
  };

  #take(socket: Socket): boolean {
    const { res } = this;
    if ((socket as { _httpMessage?: unknown })._httpMessage !== res) return false; // an imitation of a socket
    res.detachSocket(socket);
    this.#turn.assignSocket(socket);
    this.#turn.emit = (...event: [string, ...unknown[]]) => res.emit(...event);
    this.#socket = socket;
    // Before Node's own listener, which closes the response that has the turn.
    socket.prependListener?.("close", this.#close);
    this.#delayClosing(socket);
    return true;
  }

  /**
   * Delays closing the connection after the answer has begun, so that the answer still arrives: Express closes it for an error, and Node
   * for a client that has closed its side.
   */
  #delayClosing(socket: Socket): void {
    const { end, destroy } = socket;
    const own = ["end", "destroy"].map((name) => [name, Object.getOwnPropertyDescriptor(socket, name)] as const);
    socket.end = ((...args: Parameters<Socket["end"]>) => {
      if (!this.res.headersSent) return end.apply(socket, args);
      this.#closings.push(() => end.apply(socket, args));
      return socket;
    }) as Socket["end"];
    socket.destroy = (error) => {
      if (error || !this.res.headersSent) return destroy.call(socket, error);
      this.#closings.push(() => destroy.call(socket));
      return socket;
    };
    this.#allowClosing = () => {
      for (const [name, descriptor] of own) {
        if (descriptor) Object.defineProperty(socket, name, descriptor);
        else Reflect.deleteProperty(socket, name);
      }
      this.#allowClosing = undefined;
    };
  }

  readonly #close = () => {
    this.#closings = [];
    this.#putBack();
  };

  #putBack(): void {
    const { res } = this;
    res.off("socket", this.#wait);
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#allowClosing?.();
    socket.removeListener("close", this.#close);
    const { _last: isLast } = this.#turn as unknown as { _last: boolean };
    if (isLast) (res as unknown as { _last: boolean })._last = true;
    this.#turn.detachSocket(socket);
    res.assignSocket(socket);
  }
}
