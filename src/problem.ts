// Turns refusals into problem documents (RFC 9457). No other module does.

import { STATUS_CODES } from "node:http";
import { isConnectionError, isReadOnly } from "./database/pool.ts";
import { REFUSALS, Refusal, type RefusalCode } from "./refusal.ts";

export type Locale = "ko" | "en";
export type Rendered = { status: number; body: string };

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

/** The problem document of a refusal, in the caller's language. @param status a more exact HTTP status than the code's own, such as 408 or 431 */
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

const cached = new WeakMap<Refusal, Map<Locale, Rendered>>();

/** The problem document of a refusal; a cacheable refusal is rendered once for each language. */
export function problemOf(refusal: Refusal, locale: Locale): Rendered {
  if (!refusal.cacheable) return renderProblem(refusal, locale);
  const byLocale = cached.get(refusal) ?? new Map<Locale, Rendered>();
  cached.set(refusal, byLocale);
  const rendered = byLocale.get(locale) ?? renderProblem(refusal, locale);
  byLocale.set(locale, rendered);
  return rendered;
}

/** The `type` of a problem: the path that explains it. */
export function problemType(code: RefusalCode): string {
  return `/problems/${code.toLowerCase().replaceAll("_", "-")}`;
}

/** Turns a thrown error into the refusal that a caller may see: a broken database connection or a demoted primary into UNAVAILABLE, a bug into INTERNAL. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (isConnectionError(error) || isReadOnly(error)) return new Refusal("UNAVAILABLE", { retryAfter: 1 });
  return new Refusal("INTERNAL");
}

/** Browsers send few different headers. */
const MAX_LANGUAGES = 200;
const languages = new Map<string, Locale | null>();

/** The preferred language of an `Accept-Language` header among the shop's, by weight; otherwise `fallback`. */
export function localeOf(header: string | undefined, fallback: Locale): Locale {
  if (!header) return fallback;
  let language = languages.get(header);
  if (language === undefined) {
    language = readLanguage(header);
    if (languages.size === MAX_LANGUAGES) languages.clear();
    languages.set(header, language);
  }
  return language ?? fallback;
}

function readLanguage(header: string): Locale | null {
  let best: Locale | null = null;
  let bestWeight = 0;
  for (const range of header.split(",")) {
    const [tag = "", ...parameters] = range.trim().toLowerCase().split(";");
    const quality = parameters.find((parameter) => parameter.trim().startsWith("q="));
    const weight = Number(quality?.trim().slice(2) ?? 1);
    const language = tag.split("-")[0];
    if ((language === "ko" || language === "en") && weight > bestWeight) {
      best = language;
      bestWeight = weight;
    }
  }
  return best;
}
