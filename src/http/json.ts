// Reads a body. JSON.parse lets pass what a shop must not: a member that stands there twice (which of the two amounts was
// meant?), text that PostgreSQL cannot keep, and shapes that are only there to keep us busy.

import { isUtf8 } from "node:buffer";
import { invalid } from "../refusal.ts";

const MOST_DEPTH = 32;
/** As many as the longest list that any route takes. */
const MOST_ELEMENTS = 10_000;
const MOST_MEMBERS = 100;

/** An object or array that is open while the text is read; `at` is the member or place that is being read. */
type Open = { members: Set<string> | null; at: string | number; beforeColon: boolean };

/**
 * The value of a JSON text, undefined for an empty one.
 * Errors: INVALID_REQUEST, with the place by its JSON pointer.
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
  inspect(text);
  return value;
}

/** Goes through a text that is known to be JSON once. Strings, which are most of it, are passed over at one bound. */
function inspect(text: string): void {
  const open: Open[] = [];
  for (let i = 0; i < text.length; i++) {
    const inside = open.at(-1);
    const character = text.charAt(i);
    switch (character) {
      case '"': {
        const end = endOfString(text, i);
        const value = text.slice(i, end + 1);
        if (inside?.members && inside.beforeColon) member(open, inside as Open & { members: Set<string> }, value);
        else if (value.includes("\\u")) checkText(JSON.parse(value), () => pointer(open));
        i = end;
        break;
      }
      case "{":
      case "[":
        if (open.length === MOST_DEPTH) invalid(pointer(open), "nested too deeply");
        open.push(character === "{" ? { members: new Set(), at: "", beforeColon: true } : { members: null, at: 0, beforeColon: false });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ":":
        (inside as Open).beforeColon = false;
        break;
      case ",":
        next(open, inside as Open);
        break;
      default: // Whatever stands between these tells nothing of the shape.
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

function member(open: Open[], inside: Open & { members: Set<string> }, quoted: string): void {
  const name = quoted.includes("\\") ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  inside.at = name;
  checkText(name, () => pointer(open.slice(0, -1)));
  if (name === "__proto__") invalid(pointer(open), "unknown property");
  if (inside.members.has(name)) invalid(pointer(open), "duplicate key");
  if (inside.members.size === MOST_MEMBERS) invalid(pointer(open.slice(0, -1)), `must not have more than ${MOST_MEMBERS} properties`);
  inside.members.add(name);
}

function next(open: Open[], inside: Open): void {
  if (inside.members) inside.beforeColon = true;
  else if (++(inside.at as number) === MOST_ELEMENTS) invalid(pointer(open.slice(0, -1)), `must not have more than ${MOST_ELEMENTS} items`);
}

/** PostgreSQL's text has neither NUL nor half a surrogate pair, so no text of the shop's has. */
function checkText(text: string, path: () => string): void {
  if (text.includes("\0")) invalid(path(), "must not contain the NUL character");
  if (!text.isWellFormed()) invalid(path(), "must not contain an unpaired surrogate");
}

function pointer(open: Open[]): string {
  return open.map(({ at }) => `/${escapePointer(String(at))}`).join("");
}

/** A member's name as a part of a JSON pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
