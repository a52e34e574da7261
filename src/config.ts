// The only reader of the environment. A wrong setting stops the start with one line that names it.

/** A setting that the shop cannot start with; `message` is one line that names the variable. */
export class ConfigError extends Error {}

export type Config = {
  port: number;
  host: string;
  /** Unset: embedded PostgreSQL in `dataDir`. */
  databaseUrl: string | undefined;
  dataDir: string;
  auth: { secret: string | undefined; jwksUrl: string | undefined; issuer: string | undefined; audience: string | undefined };
  balanceFunding: "open" | "gateway" | "operator";
  /** Minor units. */
  chargeMax: number;
  /** Minor units. */
  balanceMax: number;
  orderExpiresAfterMs: number;
  lockWaitMs: number;
  /** Requests per second and caller; undefined: no limit. */
  rateLimit: number | undefined;
  timezone: string;
  currency: string;
  locale: "ko" | "en";
  demo: boolean;
  logLevel: string;
};

type Env = Record<string, string | undefined>;

/**
 * The settings of the contract's table, checked.
 * Errors: ConfigError for the first that is wrong, or that asks for a part this version lacks.
 */
export function readConfig(env: Env): Config {
  const databaseUrl = text(env, "DATABASE_URL");
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new ConfigError("DATABASE_URL must begin with postgres:// or postgresql://");
  }
  const embedded = databaseUrl === undefined;
  for (const [name, part] of LATER) if (text(env, name)) throw new ConfigError(`${name} is set, but this version has no ${part} yet; unset it`);
  const secret = text(env, "AUTH_JWT_SECRET");
  if (secret !== undefined && Buffer.byteLength(secret) < 32) throw new ConfigError("AUTH_JWT_SECRET must be at least 32 bytes long");
  const jwksUrl = text(env, "AUTH_JWKS_URL");
  if (jwksUrl !== undefined && !URL.canParse(jwksUrl)) throw new ConfigError("AUTH_JWKS_URL must be a URL");
  if (secret !== undefined && jwksUrl !== undefined) throw new ConfigError("AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other; unset one");

  return {
    port: integer(env, "PORT", 3000, 0, 65_535),
    host: text(env, "HOST") ?? "127.0.0.1",
    databaseUrl,
    dataDir: text(env, "DATA_DIR") ?? ".data",
    auth: { secret, jwksUrl, issuer: text(env, "AUTH_ISSUER"), audience: text(env, "AUTH_AUDIENCE") },
    balanceFunding: funding(env, embedded),
    chargeMax: integer(env, "CHARGE_MAX", 10_000_000, 1, Number.MAX_SAFE_INTEGER),
    balanceMax: integer(env, "BALANCE_MAX", 1_000_000_000_000, 1, Number.MAX_SAFE_INTEGER),
    orderExpiresAfterMs: duration(env, "ORDER_EXPIRES_AFTER", "PT30M"),
    lockWaitMs: integer(env, "LOCK_WAIT_MS", 3000, 1, 600_000),
    rateLimit: env["RATE_LIMIT"] === "off" || !text(env, "RATE_LIMIT") ? undefined : integer(env, "RATE_LIMIT", 0, 1, 1_000_000),
    timezone: timezone(env),
    currency: currency(env),
    locale: oneOf(env, "SHOP_LOCALE", ["ko", "en"], "ko"),
    demo: oneOf(env, "DEMO", ["on", "off"], embedded ? "on" : "off") === "on",
    logLevel: oneOf(env, "LOG_LEVEL", ["fatal", "error", "warn", "info", "debug", "trace", "silent"], "info"),
  };
}

const LATER = [
  ["REDIS_URL", "Redis adapter"],
  ["DATA_PLATFORM_URL", "event sink other than the file"],
  ["PAYMENT_GATEWAY_URL", "payment gateway"],
] as const;

function text(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

function integer(env: Env, name: string, fallback: number, least: number, most: number): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most) throw new ConfigError(`${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  return number;
}

function oneOf<const T extends string>(env: Env, name: string, allowed: readonly T[], fallback: T): T {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new ConfigError(`${name} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`);
  return found;
}

function funding(env: Env, embedded: boolean): Config["balanceFunding"] {
  const chosen = oneOf(env, "BALANCE_FUNDING", ["open", "gateway", "operator"], embedded ? "open" : "operator");
  if (chosen === "gateway") throw new ConfigError("BALANCE_FUNDING=gateway needs a payment gateway, which this version does not have yet; use open or operator");
  return chosen;
}

/** ISO 8601 durations of days, hours, minutes and seconds: `P1D`, `PT30M`, `PT1H30M`, `PT0.5S`. */
function duration(env: Env, name: string, fallback: string): number {
  const value = text(env, name) ?? fallback;
  const parts = /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(value);
  const [days, hours, minutes, seconds] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  const ms = Math.round(((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000);
  if (!parts || ms <= 0 || ms > 366 * 86_400_000) throw new ConfigError(`${name} must be an ISO 8601 duration like PT30M, more than nothing and at most a year, not ${JSON.stringify(value)}`);
  return ms;
}

function timezone(env: Env): string {
  const zone = text(env, "SHOP_TIMEZONE") ?? "Asia/Seoul";
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    throw new ConfigError(`SHOP_TIMEZONE must be an IANA time zone like Asia/Seoul, not ${JSON.stringify(zone)}`);
  }
  return zone;
}

function currency(env: Env): string {
  const code = text(env, "SHOP_CURRENCY") ?? "KRW";
  if (!/^[A-Z]{3}$/.test(code)) throw new ConfigError(`SHOP_CURRENCY must be an ISO 4217 code like KRW, not ${JSON.stringify(code)}`);
  return code;
}
