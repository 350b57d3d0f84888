import { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Response } from "express";

/**
 * Keeps what a response sends from its connection. Meanwhile another response has its turn there, and Node queues what this one sends,
 * as it does for a pipelined request whose turn has not come.
 */
export class HeldResponse {
  readonly #turn: ServerResponse;
  #socket: Socket | undefined;
  #isCut = false;
  #isDestroyed = false;
  /** Gives the connection back its own `destroy`. */
  #allowDestroy: (() => void) | undefined;

  constructor(private readonly res: Response) {
    this.#turn = new ServerResponse(res.req);
    const { socket } = res;
    if (!socket) res.once("socket", this.#wait);
    else if (this.#take(socket)) (res as { socket: Socket }).socket = socket;
  }

  /** Lets the response have its connection again, and calls `answer`, which may send more. */
  release(answer: () => void): void {
    const { res } = this;
    const { destroyed } = res;
    const socket = this.#isDestroyed ? this.#socket : undefined;
    this.#putBack();
    // The handler destroyed the response after it had answered.
    if (destroyed && !res.req.socket.destroyed) res.destroyed = false;
    answer();
    if (!destroyed && !socket) return;
    const destroy = () => {
      res.destroyed ||= destroyed;
      socket?.destroy();
    };
    if (res.headersSent) destroy();
    else res.once("finish", destroy);
  }

  /** Cuts the connection. No byte of this response was sent. */
  cut(): void {
    this.#isCut = true;
    this.#allowDestroy?.();
    this.#socket?.destroy();
  }

  /** The turn of a pipelined request has come. Node sends nothing as long as its response has no socket. */
  readonly #wait = (socket: Socket) => {
    this.#take(socket);
    if (this.#isCut) this.cut();
  };

  #take(socket: Socket): boolean {
    const { res } = this;
    if ((socket as { _httpMessage?: unknown })._httpMessage !== res) return false; // an imitation of a connection
    res.detachSocket(socket);
    this.#turn.assignSocket(socket);
    this.#turn.emit = (...event: [string, ...unknown[]]) => res.emit(...event);
    this.#socket = socket;
    // Before Node's own listener, which closes the response that has the turn.
    socket.prependListener?.("close", this.#putBack);
    this.#delayDestroy(socket);
    return true;
  }

  /** What was answered arrives although the connection is destroyed after it, as Express does for an error that comes then. */
  #delayDestroy(socket: Socket): void {
    const own = Object.getOwnPropertyDescriptor(socket, "destroy");
    const destroy = socket.destroy;
    socket.destroy = (error) => {
      if (error || !this.res.headersSent) return destroy.call(socket, error);
      this.#isDestroyed = true;
      return socket;
    };
    this.#allowDestroy = () => {
      if (own) Object.defineProperty(socket, "destroy", own);
      else delete (socket as Partial<Socket>).destroy;
      this.#allowDestroy = undefined;
    };
  }

  readonly #putBack = () => {
    const { res } = this;
    res.off("socket", this.#wait);
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    this.#allowDestroy?.();
    socket.removeListener("close", this.#putBack);
    this.#turn.detachSocket(socket);
    res.assignSocket(socket);
  };
}
