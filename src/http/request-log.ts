// One log line for each answered request: refused and failed requests at `info`, all others at `debug`. A line has no path, query, body or
// token: a route is its pattern, and the caller is a digest.

import { hash } from "node:crypto";
import type { FastifyReply } from "fastify";
import type { Logger } from "pino";
import type { Caller } from "./caller.ts";

/** An answered request. `route` is the declared path, `refusal` the code of a refusal. */
export type AnsweredRequest = { requestId: string; method: string; route: string; status: number; tookMs: number; refusal: string | null };
/** Called after each answer. `reply` is undefined for bytes that are not an HTTP request. */
export type OnAnswered = (request: AnsweredRequest, reply?: FastifyReply) => void;

/** Authentication gives the same caller to all requests with one token. */
const digests = new WeakMap<Caller, string>();

/**
 * Returns the function that logs an answer; undefined if the log's level leaves out all of them.
 * @param traceOf the id of a request's trace
 */
export function requestLog(log: Logger, traceOf?: (reply: FastifyReply) => string | undefined): OnAnswered | undefined {
  if (!log.isLevelEnabled("info")) return undefined;
  const logsAll = log.isLevelEnabled("debug");
  return ({ requestId, method, route, status, tookMs, refusal }, reply) => {
    if (status < 400 && !logsAll) return;
    const caller = reply?.request.caller ?? null;
    const trace = reply && traceOf?.(reply);
    const line = {
      requestId,
      method,
      route,
      status,
      tookMs: Math.round(tookMs * 100) / 100,
      ...(refusal === null ? {} : { code: refusal }),
      ...(caller === null ? {} : { caller: digestOf(caller) }),
      ...(trace === undefined ? {} : { trace }),
    };
    if (status < 400) log.debug(line, "a request was answered");
    else log.info(line, status < 500 ? "a request was refused" : "a request failed");
  };
}

/** The beginning of the SHA-256 of the caller's id, in hex: the same in all instances, and `sha256sum` finds it for a known id. */
function digestOf(caller: Caller): string {
  let digest = digests.get(caller);
  if (digest === undefined) digests.set(caller, (digest = hash("sha256", caller.id, "hex").slice(0, 16)));
  return digest;
}
