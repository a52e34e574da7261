// Replaces values that differ in every run (ids, times, cursors) by fixed ones, for the examples of the OpenAPI document.

import { startOfDay } from "../../src/day.ts";
import { addDays, dayOf } from "../../src/popular/day.ts";

const DAY = "2026-11-20";
/** 10:00 in Seoul. Each example happens one minute after the previous one. */
const OPENING_MS = Date.parse(`${DAY}T01:00:00.000Z`);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ORDER_NUMBER = /^\d{6}-[0-9A-Z]{8}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

export class PlainExamples {
  readonly #timezone: string;
  readonly #ids = new Map<string, string>();
  readonly #numbers = new Map<string, string>();
  readonly #foreign = new Map<string, string>();
  /** Start of each example. */
  readonly #startedAt: number[] = [];

  constructor(timezone: string) {
    this.#timezone = timezone;
  }

  /** Starts the next example. Returns the replacement function for its request and response. */
  next(): (value: unknown) => unknown {
    const startedAt = Date.now();
    const minute = OPENING_MS + this.#startedAt.push(startedAt) * MINUTE_MS;
    const today = dayOf(startedAt, this.#timezone);
    const text = (value: string, name: string): string => {
      if (/cursor/i.test(name)) return this.#cursor(value, plain);
      if (ID.test(value)) return this.#id(value.toLowerCase());
      // The time of delivery is random.
      if (INSTANT.test(value))
        return name === "deliveredAt" ? new Date(minute).toISOString() : (this.#dayAt(value, today) ?? this.#instant(value, minute, startedAt));
      if (/^\d{4}-\d\d-\d\d$/.test(value)) return addDays(DAY, (Date.parse(value) - Date.parse(today)) / 86_400_000);
      if (ORDER_NUMBER.test(value)) return this.#orderNumber(value, today);
      if (name === "token") return "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmVk";
      return value;
    };
    const plain = (value: unknown, name = ""): unknown => {
      if (typeof value === "string") return text(value, name);
      if (Array.isArray(value)) return value.map((one) => plain(one));
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part, key)]));
    };
    return (value) => plain(value);
  }

  /** Maps the n-th id to a fixed UUIDv7. */
  #id(id: string): string {
    const known = this.#ids.get(id);
    if (known) return known;
    const time = OPENING_MS.toString(16).padStart(12, "0");
    const made = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(this.#ids.size + 1).padStart(12, "0")}`;
    this.#ids.set(id, made);
    return made;
  }

  /** Maps the n-th order number to a fixed one, of a day at the same distance from today. */
  #orderNumber(number: string, today: string): string {
    const [year, month, day] = [number.slice(0, 2), number.slice(2, 4), number.slice(4, 6)];
    const distance = (Date.parse(`20${year}-${month}-${day}`) - Date.parse(today)) / 86_400_000;
    const made =
      this.#numbers.get(number) ?? `${addDays(DAY, distance).slice(2).replaceAll("-", "")}-${String(this.#numbers.size + 1).padStart(8, "0")}`;
    this.#numbers.set(number, made);
    return made;
  }

  /** Maps the start of a day to the start of a fixed day. */
  #dayAt(instant: string, today: string): string | undefined {
    const [at, timezone] = [Date.parse(instant), this.#timezone];
    const day = dayOf(at, timezone);
    if (startOfDay(Date.parse(day), timezone) !== at) return undefined;
    const distance = (Date.parse(day) - Date.parse(today)) / 86_400_000;
    return new Date(startOfDay(Date.parse(addDays(DAY, distance)), timezone)).toISOString();
  }

  /** Maps a time of this run to the minute of its example, and any other time to its distance from the first example with it. */
  #instant(instant: string, minute: number, startedAt: number): string {
    const at = Date.parse(instant);
    if (at > (this.#startedAt[0] as number) - HOUR_MS && at < Date.now() + MINUTE_MS / 2)
      return new Date(OPENING_MS + this.#startedAt.filter((start) => start <= at).length * MINUTE_MS).toISOString();
    const known = this.#foreign.get(instant) ?? new Date(minute + Math.round((at - startedAt) / MINUTE_MS) * MINUTE_MS).toISOString();
    this.#foreign.set(instant, known);
    return known;
  }

  /** The transaction id in an event cursor depends on other tests, so it is fixed. */
  #cursor(cursor: string, plain: (value: unknown) => unknown): string {
    const [name, ...place] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    return Buffer.from(JSON.stringify([name, ...place.map((part, i) => (name === "events" && i === 0 ? 1000 : plain(part)))])).toString("base64url");
  }
}
