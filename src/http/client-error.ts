// Answers bytes that are not an HTTP request, on the bare connection, and closes it.

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type Locale, PROBLEM_TYPE, renderProblem } from "../problem.ts";
import { Refusal } from "../refusal.ts";
import { sendsLines } from "./line-body.ts";
import { inOrderOfArrival } from "./pipelining.ts";
import { newRequestId, withRequestId } from "./request-id.ts";
import type { OnAnswered } from "./request-log.ts";

const STATUS: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** The refusal of a request that fails as a whole, so that no field can be named. */
export function malformedRequest(): Refusal {
  return new Refusal("INVALID_REQUEST", { errors: [{ path: "", message: "malformed request" }] });
}

/** Answers a malformed request after all earlier requests on its connection; otherwise its response would be taken for theirs. */
export function rejectMalformed(error: Error & { code?: string }, socket: Socket, locale: Locale, onAnswered?: OnAnswered): void {
  if (error.code === "ECONNRESET") return void socket.destroy();
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT" && sendsLines(socket)) return;
  inOrderOfArrival(socket, () => {
    if (!socket.writable) return socket.destroy();
    const id = newRequestId();
    const { status, body: problem } = renderProblem(malformedRequest(), locale, STATUS[error.code ?? ""]);
    const body = withRequestId(problem, id);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "X-Content-Type-Options: nosniff",
      `X-Request-Id: ${id}`,
      "Connection: close",
    ];
    socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
    onAnswered?.({ requestId: id, method: "", route: "unknown", status, tookMs: 0, refusal: "INVALID_REQUEST" });
  });
}
