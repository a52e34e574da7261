// One request of a client, from the exchanges of a history: all attempts under one key are one request, which takes effect once.

import { isDeepStrictEqual } from "node:util";
import type { Exchange } from "../../support/history.ts";

/** `respondedAt` is Infinity if the outcome is unknown for ever. `attempts`: how often it may have been decided until the final response. */
export type Request = Exchange & { respondedAt: number; attempts: number };

/** Responses that are not kept under a key: the next attempt is decided anew. */
const NOT_KEPT = /^(INVALID_|UNAUTHENTICATED|FORBIDDEN|BODY_TOO_LARGE|UNSUPPORTED_|TOO_MANY_REQUESTS|BUSY|UNAVAILABLE|INTERNAL|IDEMPOTENCY_)/;

/** Also the requests whose repetition got another response: `changed`. */
export function requestsOf(exchanges: readonly Exchange[]): { requests: Request[]; changed: string[] } {
  const requests: Request[] = [];
  const keyed = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const { caller, key, method, path } = exchange;
    if (key === undefined || method === "GET") requests.push(...single(exchange));
    else {
      const name = `${caller} ${key} ${method} ${path}`;
      const group = keyed.get(name);
      if (group) group.push(exchange);
      else keyed.set(name, [exchange]);
    }
  }
  const changed: string[] = [];
  for (const group of keyed.values()) {
    const finals = group.filter(isFinal).toSorted((a, b) => (a.respondedAt as number) - (b.respondedAt as number));
    const [first, ...repeats] = finals;
    const invokedAt = Math.min(...group.map((exchange) => exchange.invokedAt));
    if (first === undefined) {
      const [unknown] = group;
      if (unknown && group.some(isUnknown)) requests.push({ ...unknown, invokedAt, respondedAt: Infinity, attempts: group.filter(isUnknown).length });
      continue;
    }
    const mayBeDecided = (exchange: Exchange): boolean => exchange === first || isUnknown(exchange);
    const attempts = group.filter((exchange) => exchange.invokedAt <= (first.respondedAt as number) && mayBeDecided(exchange)).length;
    requests.push({ ...first, invokedAt, respondedAt: first.respondedAt as number, attempts });
    for (const repeat of repeats)
      if (repeat.status !== first.status || !isDeepStrictEqual(withoutRequestId(repeat.response), withoutRequestId(first.response)))
        changed.push(`${nameOf(first)} got another response when it was repeated: ${repeat.status} ${JSON.stringify(repeat.response)}`);
  }
  return { requests, changed };
}

const names = new WeakMap<Exchange, string>();

/** Made once for each request. A part of a string keeps the whole, and a bulk request is a part of each of its users' histories. */
export function nameOf(exchange: Exchange): string {
  const known = names.get(exchange);
  if (known !== undefined) return known;
  const name = describe(exchange);
  names.set(exchange, name);
  return name;
}

function describe({ caller, method, path, body, status, response }: Exchange): string {
  const sent = `${caller}: ${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body).slice(0, 200)}`}`;
  return `${sent} → ${status ?? "no response"}${response?.code === undefined ? "" : ` ${response.code}`}`;
}

function single(exchange: Exchange): Request[] {
  if (isUnknown(exchange)) return exchange.method === "GET" ? [] : [{ ...exchange, respondedAt: Infinity, attempts: 1 }];
  return isFinal(exchange) ? [{ ...exchange, respondedAt: exchange.respondedAt as number, attempts: 1 }] : [];
}

/** 202: the outcome comes later, to the repetition. */
function isFinal({ status, response }: Exchange): boolean {
  return status !== undefined && status !== 202 && (status < 400 || (status < 500 && !NOT_KEPT.test(String(response?.code))));
}

/** A BUSY command was not decided. UNAVAILABLE may hide a commit. */
function isUnknown({ status, response }: Exchange): boolean {
  return status === undefined || status === 202 || (status >= 500 && response?.code !== "BUSY");
}

function withoutRequestId(response: unknown): unknown {
  if (typeof response !== "object" || response === null) return response;
  const { requestId: _, ...rest } = response as Record<string, unknown>;
  return rest;
}
