import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from "@nestjs/common";
import type { NextFunction, Response } from "express";
import { LatchkeyError } from "../errors.js";
import { sendAfterEvent } from "../guards/challenge.js";
import { contextOfRefused, RefusedException } from "./refused-exception.js";

/** A client of the `ws` adapter or of Socket.IO. */
interface SocketClient {
  readyState?: number;
  send?(text: string): void;
  emit(event: string, data: object): void;
}

/**
 * Responds to refusals of latchkey's guards, and to latchkey's errors with their status, for example 503 while the store
 * is unavailable. NestJS itself does not read this status. `LatchkeyModule` registers it.
 */
@Catch(LatchkeyError, RefusedException)
export class LatchkeyErrorFilter implements ExceptionFilter<LatchkeyError | RefusedException> {
  catch(error: LatchkeyError | RefusedException, host: ArgumentsHost): void {
    const type = host.getType<string>();
    // Status 500 means a mistake in the program. The error is logged, and the response does not contain its details.
    const shown = shownOf(error);
    if (type === "http") respond(error, shown, host);
    else if (type === "ws") tell(host.switchToWs().getClient(), shown);
    // In a microservice, an error that a filter throws may end the process. NestJS responds if the filter does not.
    else if (type === "rpc") return;
    else if (error instanceof RefusedException) throw error;
    else throw Object.assign(new Error(shown.message, { cause: error }), { extensions: extensionsOf(shown) });
  }
}

interface Shown {
  status: number;
  message: string;
  code?: string;
  methods?: readonly string[];
}

function shownOf(error: LatchkeyError | RefusedException): Shown {
  if (error instanceof RefusedException) {
    return { status: error.getStatus(), message: error.message, ...error.extensions };
  }
  const { status, code, message, stack } = error;
  if (status !== 500) return { status, message, code };
  new Logger("latchkey").error(message, stack);
  return { status, message: "Internal server error" };
}

function extensionsOf({ status, code = "INTERNAL_SERVER_ERROR" }: Shown) {
  return { code, status };
}

function respond(error: LatchkeyError | RefusedException, { status, message, code }: Shown, host: ArgumentsHost): void {
  const http = host.switchToHttp();
  const res = http.getResponse<Response>();
  if (res.headersSent) return void res.end();
  const context = error instanceof RefusedException && contextOfRefused(error);
  if (context) {
    const next = http.getNext<NextFunction>();
    return void sendAfterEvent(context, error.refusal, next).catch(next);
  }
  const headers = error instanceof RefusedException ? {} : error.headers;
  res
    .status(status)
    .set(headers ?? {})
    .json({ statusCode: status, message, ...(code !== undefined && { code }) });
}

/** Sends the event `exception`, as NestJS does for a WsException. */
function tell(client: SocketClient, { message, code, methods }: Shown): void {
  const data = { status: "error", message, ...(code !== undefined && { code }), ...(methods && { methods }) };
  if (typeof client.readyState === "number") client.send?.(JSON.stringify({ event: "exception", data }));
  else client.emit("exception", data);
}
