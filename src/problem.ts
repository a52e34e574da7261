// The one place where a refusal becomes a problem document (RFC 9457).

import { STATUS_CODES } from "node:http";
import { isConnectionError } from "./database/pool.ts";
import { REFUSALS, Refusal, type RefusalCode } from "./refusal.ts";

export type Locale = "ko" | "en";
export type Rendered = { status: number; body: string };

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** A refusal as its document, in the caller's language. @param status where HTTP has a word of its own for it: 408, 431 */
export function renderProblem(refusal: Refusal, locale: Locale, status: number = REFUSALS[refusal.code].status): Rendered {
  const document = {
    type: problemType(refusal.code),
    title: STATUS_CODES[status] ?? "Error",
    status,
    code: refusal.code,
    detail: REFUSALS[refusal.code][locale],
    ...refusal.details,
  };
  return { status, body: JSON.stringify(document) };
}

const standing = new WeakMap<Refusal, Map<Locale, Rendered>>();

/** The same, made once in each language for a refusal that stands. */
export function problemOf(refusal: Refusal, locale: Locale): Rendered {
  if (!refusal.standing) return renderProblem(refusal, locale);
  const kept = standing.get(refusal) ?? new Map<Locale, Rendered>();
  standing.set(refusal, kept);
  const rendered = kept.get(locale) ?? renderProblem(refusal, locale);
  kept.set(locale, rendered);
  return rendered;
}

export function problemType(code: RefusalCode): string {
  return `/problems/${code.toLowerCase().replaceAll("_", "-")}`;
}

/** What a caller may know of anything that was thrown: refusals as they are, a database that is away as UNAVAILABLE, the rest as INTERNAL. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isConnectionError(error)) return new Refusal("UNAVAILABLE", { retryAfter: 1 });
  return new Refusal("INTERNAL");
}

/** The first of the languages that the shop speaks in an `Accept-Language` header, by weight; else the shop's own. */
export function localeOf(header: string | undefined, fallback: Locale): Locale {
  if (!header) return fallback;
  let best: Locale = fallback;
  let weight = 0;
  for (const part of header.split(",")) {
    const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
    const q = Number(
      parameters
        .find((one) => one.trim().startsWith("q="))
        ?.trim()
        .slice(2) ?? 1,
    );
    const language = tag.split("-")[0];
    if ((language === "ko" || language === "en") && q > weight) {
      best = language;
      weight = q;
    }
  }
  return best;
}
