// Idempotency keys of requests (the `Idempotency-Key` header).

import { hash } from "node:crypto";
import { invalid } from "../refusal.ts";

/** The fingerprint stands for the request: a key that comes with another request is refused. */
export type IdempotencyKey = { caller: string; key: string; fingerprint: string };

/**
 * The parts of a validated request that determine its effect. The query string changes no effect.
 */
export type KeyedRequest = { method: string; route: string; params: unknown; body: unknown };

/** Errors: INVALID_REQUEST if a key is not 1–255 visible ASCII characters. */
export function checkKey(key: unknown): void {
  if (key !== undefined && !(typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)))
    invalid("/headers/idempotency-key", "must be 1 to 255 visible ASCII characters");
}

/**
 * Returns the key of a request with its fingerprint, or undefined if the header is absent.
 * @param key the checked header
 */
export function requestKey(caller: string, key: unknown, { method, route, params, body }: KeyedRequest): IdempotencyKey | undefined {
  if (typeof key !== "string") return undefined;
  return { caller, key, fingerprint: hash("sha256", `${method} ${route} ${canonical(params)} ${canonical(body)}`, "base64url") };
}

/**
 * JSON with sorted members, so that a client may repeat a request with its members in another
 * order.
 */
function canonical(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const names = Object.keys(value).sort();
  // Stored fingerprints have members with numeric names first, in the order of their numbers.
  if (names.some(isIndex)) names.sort(byIndex);
  let members = "";
  for (const name of names) members += `${members === "" ? "" : ","}${quoted(name)}:${canonical((value as Record<string, unknown>)[name])}`;
  return `{${members}}`;
}

/** JSON of a string. Names and ids need no escapes. */
function quoted(text: string): string {
  return /^[\w-]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Whether JavaScript takes the name for an array's index, and orders it before all other names. */
function isIndex(name: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(name) && Number(name) < 2 ** 32 - 1;
}

function byIndex(a: string, b: string): number {
  const [isA, isB] = [isIndex(a), isIndex(b)];
  return isA && isB ? Number(a) - Number(b) : Number(isB) - Number(isA);
}
