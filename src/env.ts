// Reads single settings from the environment. A wrong setting stops the start with one line that names it.

/** A setting that the shop cannot start with; `message` is one line that names the variable. */
export class ConfigError extends Error {}

export type Env = Record<string, string | undefined>;

/** A setting without surrounding blanks; undefined if it is unset or empty. */
export function text(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

/** A whole number from `least` to `most`. Errors: ConfigError. */
export function integer(env: Env, name: string, fallback: number, least: number, most: number): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw new ConfigError(`${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  return number;
}

/** One of the allowed values. Errors: ConfigError. */
export function oneOf<const T extends string>(env: Env, name: string, allowed: readonly T[], fallback: T): T {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const found = allowed.find((option) => option === value);
  if (found === undefined) throw new ConfigError(`${name} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`);
  return found;
}

const DAY_MS = 86_400_000;

/**
 * An ISO 8601 duration in ms: weeks, or days, hours, minutes and seconds, such as `P1W`, `PT30M`, `PT1H30M`, `PT0.5S`.
 * Months and years are refused because their length varies. Errors: ConfigError.
 */
export function duration(env: Env, name: string, fallback: string): number {
  const value = text(env, name) ?? fallback;
  const ms = durationMs(value);
  if (ms === undefined)
    throw new ConfigError(
      `${name} must be an ISO 8601 duration like PT30M or P1W, without months and years, more than 0 and at most 366 days, not ${JSON.stringify(value)}`,
    );
  return ms;
}

/** The length of an ISO 8601 duration in ms; undefined if it is none, has months or years, is 0 or longer than 366 days. */
export function durationMs(value: string): number | undefined {
  const weeks = Number(/^P(\d+)W$/.exec(value)?.[1] ?? 0);
  const parts = /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(value);
  const [days = weeks * 7, hours = 0, minutes = 0, seconds = 0] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  const ms = Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
  return ms > 0 && ms <= 366 * DAY_MS ? ms : undefined;
}

/** An ISO 8601 duration of years, months, weeks and days, as it is written: for PostgreSQL, which knows the calendar. Errors: ConfigError. */
export function calendarDuration(env: Env, name: string, fallback: string): string {
  const value = text(env, name) ?? fallback;
  const parts = /^P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?$/.exec(value);
  if (!parts || parts.slice(1).every((part) => Number(part ?? 0) === 0))
    throw new ConfigError(`${name} must be an ISO 8601 duration like P2Y or P90D, of days or longer and more than 0, not ${JSON.stringify(value)}`);
  return value;
}

/** Checks a time zone; `name` is the setting or option that gave it. Errors: ConfigError. */
export function timezoneOf(name: string, zone: string): string {
  try {
    // Offsets are refused: JavaScript reads +09:00 as east of Greenwich, PostgreSQL (after POSIX) as west of it.
    if (!/^[A-Za-z]/.test(zone)) throw new RangeError(zone);
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    throw new ConfigError(`${name} must be an IANA time zone like Asia/Seoul, not ${JSON.stringify(zone)}`);
  }
  return zone;
}

/** Checks a currency; `name` is the setting or option that gave it. Errors: ConfigError. */
export function currencyOf(name: string, code: string): string {
  if (!Intl.supportedValuesOf("currency").includes(code))
    throw new ConfigError(`${name} must be an ISO 4217 code like KRW, not ${JSON.stringify(code)}`);
  return code;
}

export function isHttpsOrLocal(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || (protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname));
}
