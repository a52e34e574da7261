// What is not even a request: answered on the bare connection, which is then closed.

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { Refusal } from "../refusal.ts";
import { inOrderOfArrival } from "./pipelining.ts";
import { type Locale, PROBLEM_TYPE, renderProblem } from "../problem.ts";

const STATUS: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** There is no field to blame: the request as a whole is at fault. */
export function malformedRequest(): Refusal {
  return new Refusal("INVALID_REQUEST", { errors: [{ path: "", message: "malformed request" }] });
}

/** Behind requests that are still being answered this one waits, or its answer would be taken for theirs. */
export function rejectMalformed(error: Error & { code?: string }, socket: Socket, locale: Locale): void {
  if (error.code === "ECONNRESET") return void socket.destroy();
  inOrderOfArrival(socket, () => {
    if (!socket.writable) return socket.destroy();
    const { status, body } = renderProblem(malformedRequest(), locale, STATUS[error.code ?? ""]);
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}
