// Reads request bodies. JSON.parse accepts input that a shop must refuse: duplicate keys (which of two amounts was meant?),
// text that PostgreSQL cannot store, and shapes that only cost time.

import { isUtf8 } from "node:buffer";
import { invalid } from "../refusal.ts";

const MAX_DEPTH = 32;
/** The length of the longest list that a route takes. */
const MAX_ITEMS = 10_000;
const MAX_PROPERTIES = 100;

/** An object or array that is still open at the current position; `at` is its current key or index. */
type OpenContainer = { keys: Set<string> | null; at: string | number; beforeColon: boolean };
type OpenObject = OpenContainer & { keys: Set<string> };

/**
 * The value of a JSON text, undefined if it is empty.
 * Errors: INVALID_REQUEST with the JSON pointer of the fault.
 */
export function readJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) invalid("", "must be UTF-8");
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    invalid("", "invalid JSON");
  }
  if (!isPlain(text, value)) checkLimits(text);
  return value;
}

/** Bounds for bodies that are checked by counting: with so few keys and containers no limit can be exceeded. */
const PLAIN_LENGTH = 2048;
const PLAIN_CONTAINERS = 16;

/**
 * Whether a valid JSON text is small, has no escapes, and the value has as many keys as the text: then no key was written twice. Nearly all bodies
 * are like that, and counting costs a fraction of the scan.
 */
function isPlain(text: string, value: unknown): boolean {
  if (text.length > PLAIN_LENGTH || text.includes("\\") || text.includes("__proto__")) return false;
  let keys = 0;
  let containers = 0;
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) isString = !isString;
    else if (isString) continue;
    else if (code === COLON) keys++;
    else if (code === BRACE || code === BRACKET) containers++;
  }
  return keys <= MAX_PROPERTIES && containers <= PLAIN_CONTAINERS && keys === countKeys(value);
}

const [QUOTE, COLON, BRACE, BRACKET] = [0x22, 0x3a, 0x7b, 0x5b];

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += countKeys(item);
  else for (const key in value) count += 1 + countKeys((value as Record<string, unknown>)[key]);
  return count;
}

/** Scans a valid JSON text once. Strings, which are most of the text, are skipped as a whole. */
function checkLimits(text: string): void {
  const open: OpenContainer[] = [];
  for (let i = 0; i < text.length; i++) {
    const inside = open.at(-1);
    const character = text.charAt(i);
    switch (character) {
      case '"': {
        const end = endOfString(text, i);
        const value = text.slice(i, end + 1);
        if (inside?.keys && inside.beforeColon) addKey(open, inside as OpenObject, value);
        else if (value.includes("\\u")) checkText(JSON.parse(value), () => pointer(open));
        i = end;
        break;
      }
      case "{":
      case "[":
        if (open.length === MAX_DEPTH) invalid(pointer(open), "nested too deeply");
        open.push(character === "{" ? { keys: new Set(), at: "", beforeColon: true } : { keys: null, at: 0, beforeColon: false });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ":":
        (inside as OpenContainer).beforeColon = false;
        break;
      case ",":
        advance(open, inside as OpenContainer);
        break;
      default: // Numbers, literals and blanks do not change the structure.
    }
  }
}

/** The quote that ends the string that begins at `start`: the first with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

function addKey(open: OpenContainer[], inside: OpenObject, quoted: string): void {
  const name = quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  inside.at = name;
  checkText(name, () => pointer(open.slice(0, -1)));
  if (name === "__proto__") invalid(pointer(open), "unknown property");
  if (inside.keys.has(name)) invalid(pointer(open), "duplicate key");
  if (inside.keys.size === MAX_PROPERTIES) invalid(pointer(open.slice(0, -1)), `must not have more than ${MAX_PROPERTIES} properties`);
  inside.keys.add(name);
}

function advance(open: OpenContainer[], inside: OpenContainer): void {
  if (inside.keys) inside.beforeColon = true;
  else if (++(inside.at as number) === MAX_ITEMS) invalid(pointer(open.slice(0, -1)), `must not have more than ${MAX_ITEMS} items`);
}

/** PostgreSQL's text type stores neither NUL nor unpaired surrogates. */
function checkText(text: string, path: () => string): void {
  if (text.includes("\0")) invalid(path(), "must not contain the NUL character");
  if (!text.isWellFormed()) invalid(path(), "must not contain an unpaired surrogate");
}

function pointer(open: OpenContainer[]): string {
  return open.map(({ at }) => `/${escapePointer(String(at))}`).join("");
}

/** Escapes a key for a JSON pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
