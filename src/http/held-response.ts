import type { Socket } from "node:net";
import type { Response } from "express";
import { ServerResponse } from "./node-http.js";

/**
 * Holds back the data that a response sends. While the data is held back, a placeholder response owns the connection.
 * Node queues the data of the real response, as it does for a pipelined request that waits for earlier responses.
 */
export class HeldResponse {
  /** Owns the connection while the response is held back. */
  readonly #placeholder: ServerResponse;
  #socket: Socket | undefined;
  #isCut = false;
  /** Calls that close the connection, delayed until the response is sent. */
  #closings: Array<() => void> = [];
  /** Restores the connection's own methods. */
  #allowClosing: (() => void) | undefined;

  constructor(private readonly res: Response) {
    this.#placeholder = new ServerResponse(res.req);
    const { socket } = res;
    if (!socket) res.once("socket", this.#wait);
    else if (this.#take(socket)) (res as { socket: Socket }).socket = socket;
  }

  /** Gives the connection back to the response, and calls `send`, which may send more data. */
  release(send: () => void): void {
    const { res } = this;
    const { destroyed } = res;
    const closings = this.#closings;
    const held = this.#socket;
    this.#putBack();
    // Node's `end` uncorks the connection. It could not do this while the data was held back, so it is done here.
    if (res.writableEnded) while (held?.writableCorked) held.uncork();
    // The handler destroyed the response after `end`. The response is still sent, and destroyed afterwards.
    if (destroyed && !res.req.socket.destroyed) res.destroyed = false;
    send();
    if (!destroyed && closings.length === 0) return;
    const close = () => {
      res.destroyed ||= destroyed;
      for (const one of closings) one();
    };
    if (res.headersSent) close();
    else res.once("finish", close);
  }

  /** Closes the connection before any byte of this response is sent. */
  cut(): void {
    this.#isCut = true;
    this.#allowClosing?.();
    this.#socket?.destroy();
  }

  /** Called when a pipelined request gets its socket. Before that, Node sends no data for the request. */
  readonly #wait = (socket: Socket) => {
    this.#take(socket);
    if (this.#isCut) this.cut();
  };

  #take(socket: Socket): boolean {
    const { res } = this;
    if ((socket as { _httpMessage?: unknown })._httpMessage !== res) return false; // not a real socket of Node
    res.detachSocket(socket);
    this.#placeholder.assignSocket(socket);
    this.#placeholder.emit = (...event: [string, ...unknown[]]) => res.emit(...event);
    this.#socket = socket;
    // This listener must run before Node's own listener, which closes the response that owns the connection.
    socket.prependListener?.("close", this.#close);
    this.#delayClosing(socket);
    return true;
  }

  /**
   * After the head of the response is made, delays calls that close the connection, so that the response still arrives.
   * Express closes the connection after an error, and Node closes it if the client has closed its side.
   */
  #delayClosing(socket: Socket): void {
    const { end, destroy } = socket;
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
      // The methods are not deleted, because V8 would then be slow with all later requests on this connection.
      Object.assign(socket, { end, destroy });
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
    const { _last: isLast } = this.#placeholder as unknown as { _last: boolean };
    if (isLast) (res as unknown as { _last: boolean })._last = true;
    this.#placeholder.detachSocket(socket);
    res.assignSocket(socket);
  }
}
