// Order numbers: the names of orders that people say on the phone. A number is the day of the order
// and 40 random bits of its id, so nothing is stored.

import { startOfDay } from "../day.ts";
import { firstIdAt } from "../ids.ts";
import { dayOf } from "../popular/day.ts";

/** Crockford's base 32: no I, L, O and U, which people misread. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const SUFFIX_LENGTH = 8;
const SUFFIX_BITS = 40n;

/** Returns the number of an order, such as `261129-7ZK3MQ0D`. The day is in the shop's time zone. */
export function orderNumberOf(orderId: string, createdAt: number, timezone: string): string {
  let bits = Number.parseInt(orderId.slice(21, 23) + orderId.slice(24, 32), 16);
  let suffix = "";
  for (let i = 0; i < SUFFIX_LENGTH; i++) {
    suffix = ALPHABET.charAt(bits % 32) + suffix;
    bits = Math.floor(bits / 32);
  }
  return `${shortDay(createdAt, timezone)}-${suffix}`;
}

const DAY_MS = 86_400_000;
/** Offsets of time zones change at multiples of it. */
const QUARTER_MS = 900_000;
const CACHED_QUARTERS = 1000;
const shortDays = new Map<string, string>();

/** The day as YYMMDD. Formatting a date takes longer than deciding an order, and orders of one quarter of an hour share it. */
function shortDay(at: number, timezone: string): string {
  const key = `${timezone} ${Math.floor(at / QUARTER_MS)}`;
  let day = shortDays.get(key);
  if (day === undefined) {
    if (shortDays.size >= CACHED_QUARTERS) shortDays.clear();
    day = dayOf(at, timezone).slice(2).replaceAll("-", "");
    shortDays.set(key, day);
  }
  return day;
}

/**
 * The ids of orders whose number begins with a text: ids from `fromId` on and before `toId`, whose
 * 40 bits in hexadecimal are from `fromBits` to `toBits`.
 */
export type OrderNumbers = { fromId: string; toId: string; fromBits: string; toBits: string };

/** The range of a whole number; undefined for any other text. */
export function parseOrderNumber(text: string, timezone: string): OrderNumbers | undefined {
  return text.trim().replaceAll("-", "").length === 6 + SUFFIX_LENGTH ? parseNumberPrefix(text, timezone) : undefined;
}

/**
 * The range of all numbers that begin with this text, in any case, with or without the hyphen.
 * Undefined if no number does.
 */
export function parseNumberPrefix(text: string, timezone: string): OrderNumbers | undefined {
  const [, digits, suffix = ""] = /^(\d{1,6})(?:(?<=^\d{6})-?([0-9A-Z]{0,8}))?$/.exec(readable(text)) ?? [];
  if (digits === undefined || [...suffix].some((character) => !ALPHABET.includes(character))) return undefined;
  const first = dayOfDigits(digits.padEnd(6, "0"), true);
  const last = dayOfDigits(digits.padEnd(6, "9"), false);
  if (first === undefined || last === undefined) return undefined;
  const [fromBits, toBits] = bitsOf(suffix);
  const idAt = (utcMidnight: number): string => firstIdAt(Math.max(0, startOfDay(utcMidnight, timezone)));
  return { fromId: idAt(first), toId: idAt(last + DAY_MS), fromBits, toBits };
}

/** Behind the day, Crockford's base 32 reads the letters I, L and O as digits. */
function readable(text: string): string {
  const upper = text.trim().toUpperCase();
  return upper.slice(0, 6) + upper.slice(6).replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}

/**
 * The midnight in UTC of the day YYMMDD. A first day that is not in the calendar is undefined; a
 * last day is the nearest one before it.
 */
function dayOfDigits(digits: string, first: boolean): number | undefined {
  const [year, month, day] = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 6)].map(Number) as [number, number, number];
  const inCalendar = Math.min(Math.max(month, 1), 12);
  const fullYear = year < 70 ? 2000 + year : 1900 + year;
  const days = new Date(Date.UTC(fullYear, inCalendar, 0)).getUTCDate();
  if (first && (month > 12 || day > days)) return undefined;
  return Date.UTC(fullYear, inCalendar - 1, Math.min(Math.max(day, 1), days));
}

function bitsOf(suffix: string): [fromBits: string, toBits: string] {
  let bits = 0n;
  for (const character of suffix) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
  const rest = SUFFIX_BITS - 5n * BigInt(suffix.length);
  const hex = (value: bigint): string => value.toString(16).padStart(10, "0");
  return [hex(bits << rest), hex((bits << rest) | ((1n << rest) - 1n))];
}
