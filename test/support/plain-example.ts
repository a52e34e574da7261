// What a run leaves that is never the same twice (ids, times, cursors) becomes what is the same in every run, and reads well.

import { startOfDay } from "../../src/day.ts";
import { addDays, dayOf } from "../../src/popular/day.ts";

const DAY = "2026-11-20";
/** Ten in the morning in Seoul; each example happens a minute after the one before. */
const OPENING_MS = Date.parse(`${DAY}T01:00:00.000Z`);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

export class PlainExamples {
  readonly #timezone: string;
  readonly #ids = new Map<string, string>();
  readonly #foreign = new Map<string, string>();
  /** When each example began. */
  readonly #began: number[] = [];

  constructor(timezone: string) {
    this.#timezone = timezone;
  }

  /** Begins the next example. Gives what makes its request and its answer plain. */
  next(): (value: unknown) => unknown {
    const began = Date.now();
    const minute = OPENING_MS + this.#began.push(began) * MINUTE_MS;
    const today = dayOf(began, this.#timezone);
    const text = (value: string, name: string): string => {
      if (/cursor/i.test(name)) return this.#cursor(value, plain);
      if (ID.test(value)) return this.#id(value.toLowerCase());
      // When the relay came by is chance.
      if (INSTANT.test(value))
        return name === "deliveredAt" ? new Date(minute).toISOString() : (this.#dayAt(value, today) ?? this.#instant(value, minute, began));
      if (/^\d{4}-\d\d-\d\d$/.test(value)) return addDays(DAY, (Date.parse(value) - Date.parse(today)) / 86_400_000);
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

  /** The n-th id that is seen is always the same UUIDv7. */
  #id(id: string): string {
    const known = this.#ids.get(id);
    if (known) return known;
    const time = OPENING_MS.toString(16).padStart(12, "0");
    const made = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(this.#ids.size + 1).padStart(12, "0")}`;
    this.#ids.set(id, made);
    return made;
  }

  /** Where a day begins or ends, a day so many days from the plain one does. */
  #dayAt(instant: string, today: string): string | undefined {
    const [at, timezone] = [Date.parse(instant), this.#timezone];
    const day = dayOf(at, timezone);
    if (startOfDay(Date.parse(day), timezone) !== at) return undefined;
    const distance = (Date.parse(day) - Date.parse(today)) / 86_400_000;
    return new Date(startOfDay(Date.parse(addDays(DAY, distance)), timezone)).toISOString();
  }

  /** What happened this morning has the minute of the example in which it did; any other time is so many minutes from where it is first seen. */
  #instant(instant: string, minute: number, began: number): string {
    const at = Date.parse(instant);
    if (at > (this.#began[0] as number) - HOUR_MS && at < Date.now() + MINUTE_MS / 2)
      return new Date(OPENING_MS + this.#began.filter((start) => start <= at).length * MINUTE_MS).toISOString();
    const known = this.#foreign.get(instant) ?? new Date(minute + Math.round((at - began) / MINUTE_MS) * MINUTE_MS).toISOString();
    this.#foreign.set(instant, known);
    return known;
  }

  /** The number of a transaction, where an event's cursor has it, counts what other tests do too. */
  #cursor(cursor: string, plain: (value: unknown) => unknown): string {
    const [name, ...place] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
    return Buffer.from(JSON.stringify([name, ...place.map((part, i) => (name === "events" && i === 0 ? 1000 : plain(part)))])).toString("base64url");
  }
}
