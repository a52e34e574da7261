// The only reader of settings from the environment. A wrong setting stops the start with one line that names it.

import type { GatewaySettings } from "./gateway/open-gateway.ts";
import { TOSS_CURRENCIES } from "./gateway/toss/amounts.ts";
import { trustedProxies, type TrustedProxies } from "./http/client-address.ts";

/** A setting that the shop cannot start with; `message` is one line that names the variable. */
export class ConfigError extends Error {}

/** How long settlement waits for attempts at the gateway, in ms. */
export type SettlementSettings = {
  /** How long an attempt is left to the request that started it, and the first pause before the gateway is asked again. */
  settleAfterMs: number;
  /** How long a charge may still be confirmed, and after how long a payment that was never confirmed has failed. */
  giveUpAfterMs: number;
};

export type Config = {
  port: number;
  host: string;
  /** Unset: embedded PostgreSQL in `dataDir`. */
  databaseUrl: string | undefined;
  /** A replica for operators' lists. */
  databaseReadUrl: string | undefined;
  /** Unset: each instance caches and counts for itself, and PostgreSQL locks. */
  redisUrl: string | undefined;
  dataDir: string;
  /** Where events go: `file`, or URLs; and what webhooks are signed with. */
  dataPlatforms: readonly string[];
  webhookSecret: string | undefined;
  auth: { secret: string | undefined; jwksUrl: string | undefined; issuer: string | undefined; audience: string | undefined };
  balanceFunding: "open" | "gateway" | "operator";
  gateway: GatewaySettings & SettlementSettings;
  /** Minor units. */
  chargeMax: number;
  /** Minor units. */
  balanceMax: number;
  orderExpiresAfterMs: number;
  lockWaitMs: number;
  /** Requests per second and caller; undefined: no limit. */
  rateLimit: number | undefined;
  /** Whose X-Forwarded-For is believed: a number of proxies, or their networks; undefined: nobody's. */
  trustProxy: TrustedProxies | undefined;
  timezone: string;
  currency: string;
  locale: "ko" | "en";
  demo: boolean;
  logLevel: string;
};

type Env = Record<string, string | undefined>;

/**
 * The settings, checked; README.md lists them.
 * Errors: ConfigError for the first that is wrong.
 */
export function readConfig(env: Env): Config {
  const databaseUrl = text(env, "DATABASE_URL");
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new ConfigError("DATABASE_URL must begin with postgres:// or postgresql://");
  }
  const embedded = databaseUrl === undefined;
  const secret = text(env, "AUTH_JWT_SECRET");
  if (secret !== undefined && Buffer.byteLength(secret) < 32) throw new ConfigError("AUTH_JWT_SECRET must be at least 32 bytes long");
  const jwksUrl = text(env, "AUTH_JWKS_URL");
  if (jwksUrl !== undefined && !isPrivateOnItsWay(jwksUrl))
    throw new ConfigError(
      "AUTH_JWKS_URL must be an https:// address, or http:// on this machine: whoever changes the keys on their way signs what they like",
    );
  if (secret !== undefined && jwksUrl !== undefined) throw new ConfigError("AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other; unset one");

  return {
    port: integer(env, "PORT", 3000, 0, 65_535),
    host: text(env, "HOST") ?? "127.0.0.1",
    databaseUrl,
    dataDir: text(env, "DATA_DIR") ?? ".data",
    databaseReadUrl: databaseReadUrl(env, embedded),
    redisUrl: redisUrl(env),
    ...dataPlatforms(env),
    auth: { secret, jwksUrl, issuer: text(env, "AUTH_ISSUER"), audience: text(env, "AUTH_AUDIENCE") },
    balanceFunding: funding(env, embedded),
    gateway: gateway(env, embedded),
    chargeMax: integer(env, "CHARGE_MAX", 10_000_000, 1, Number.MAX_SAFE_INTEGER),
    balanceMax: integer(env, "BALANCE_MAX", 1_000_000_000_000, 1, Number.MAX_SAFE_INTEGER),
    orderExpiresAfterMs: duration(env, "ORDER_EXPIRES_AFTER", "PT30M"),
    lockWaitMs: integer(env, "LOCK_WAIT_MS", 3000, 1, 600_000),
    rateLimit: env["RATE_LIMIT"] === "off" || !text(env, "RATE_LIMIT") ? undefined : integer(env, "RATE_LIMIT", 0, 1, 1_000_000),
    trustProxy: trustProxy(env),
    timezone: timezone(env),
    currency: currency(env),
    locale: oneOf(env, "SHOP_LOCALE", ["ko", "en"], "ko"),
    demo: oneOf(env, "DEMO", ["on", "off"], embedded ? "on" : "off") === "on",
    logLevel: oneOf(env, "LOG_LEVEL", ["fatal", "error", "warn", "info", "debug", "trace", "silent"], "info"),
  };
}

function text(env: Env, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

function integer(env: Env, name: string, fallback: number, least: number, most: number): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most)
    throw new ConfigError(`${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  return number;
}

function oneOf<const T extends string>(env: Env, name: string, allowed: readonly T[], fallback: T): T {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new ConfigError(`${name} must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`);
  return found;
}

function databaseReadUrl(env: Env, embedded: boolean): string | undefined {
  const url = text(env, "DATABASE_READ_URL");
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) throw new ConfigError("DATABASE_READ_URL must begin with postgres:// or postgresql://");
  if (url !== undefined && embedded) throw new ConfigError("DATABASE_READ_URL needs DATABASE_URL: the embedded database has no replica");
  return url;
}

function redisUrl(env: Env): string | undefined {
  const url = text(env, "REDIS_URL");
  if (url !== undefined && !(URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)))
    throw new ConfigError("REDIS_URL must begin with redis:// or rediss://");
  return url;
}

const PLATFORMS = new Set(["nats:", "tls:", "kafka:", "redis:", "rediss:", "https:", "http:"]);

/** `DATA_PLATFORM_URL` holds one place or several, separated by commas. */
function dataPlatforms(env: Env): Pick<Config, "dataPlatforms" | "webhookSecret"> {
  const platforms = (text(env, "DATA_PLATFORM_URL") ?? "file").split(",").map((one) => one.trim());
  for (const platform of platforms) {
    if (platform === "file") continue;
    const url = URL.canParse(platform) ? new URL(platform) : undefined;
    if (!url?.hostname || !PLATFORMS.has(url.protocol))
      throw new ConfigError("DATA_PLATFORM_URL must be file, https://…, nats://…, kafka://… or redis://…, or several of them separated by commas");
    if (url.protocol === "http:" && !["127.0.0.1", "[::1]", "localhost"].includes(url.hostname))
      throw new ConfigError("DATA_PLATFORM_URL may begin with http:// only for this machine; use https://");
  }
  if (new Set(platforms).size < platforms.length) throw new ConfigError("DATA_PLATFORM_URL names the same place twice");
  const webhookSecret = text(env, "DATA_PLATFORM_WEBHOOK_SECRET");
  if (webhookSecret === undefined && platforms.some((one) => /^https?:/.test(one)))
    throw new ConfigError("DATA_PLATFORM_WEBHOOK_SECRET is missing: a webhook of DATA_PLATFORM_URL must be signed");
  if (webhookSecret !== undefined && !webhookSecret.split(/\s+/).every(isWebhookSecret)) {
    throw new ConfigError("DATA_PLATFORM_WEBHOOK_SECRET must be whsec_ followed by 24 to 64 bytes in base64");
  }
  return { dataPlatforms: platforms, webhookSecret };
}

function isWebhookSecret(secret: string): boolean {
  const key = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const bytes = key === undefined ? 0 : Buffer.from(key, "base64").length;
  return bytes >= 24 && bytes <= 64;
}

function isPrivateOnItsWay(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || (protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname));
}

/**
 * Cards are simulated only if the database is embedded, or if the simulator is asked for by name: a shop with a database of its own sells for
 * real money, and a simulator in it would approve any payment.
 */
function gateway(env: Env, embedded: boolean): Config["gateway"] {
  const given = text(env, "PAYMENT_GATEWAY_URL");
  const url = given === "simulator" ? undefined : given;
  const secret = text(env, "PAYMENT_GATEWAY_SECRET");
  if (given === undefined && secret !== undefined)
    throw new ConfigError("PAYMENT_GATEWAY_SECRET is set without PAYMENT_GATEWAY_URL; set both or none");
  if (given === "simulator" && secret !== undefined)
    throw new ConfigError("PAYMENT_GATEWAY_SECRET is set, and PAYMENT_GATEWAY_URL=simulator takes none; unset it, or name the gateway");
  const code = currency(env);
  if (url !== undefined) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash || parsed.username)
      throw new ConfigError("PAYMENT_GATEWAY_URL must be simulator, or an https:// address without anything behind its path");
    if (parsed.protocol === "http:" && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname))
      throw new ConfigError("PAYMENT_GATEWAY_URL may begin with http:// on this machine only; the secret would be readable on its way");
    if (secret === undefined) throw new ConfigError("PAYMENT_GATEWAY_SECRET is missing; PAYMENT_GATEWAY_URL needs it");
    if (!TOSS_CURRENCIES.includes(code))
      throw new ConfigError(`SHOP_CURRENCY is ${code}, and the gateway of PAYMENT_GATEWAY_URL takes ${TOSS_CURRENCIES.join(", ")} only`);
  }
  const kind = url !== undefined ? "gateway" : embedded || given === "simulator" ? "simulated" : "none";
  return {
    kind,
    url,
    secret,
    currency: code,
    // Internal: `serve --workers` tells its workers of the simulator that they share.
    simulatorUrl: kind === "simulated" ? text(env, "PAYMENT_SIMULATOR_URL") : undefined,
    timeoutMs: integer(env, "PAYMENT_GATEWAY_TIMEOUT_MS", kind === "simulated" ? 1500 : 10_000, 1, 120_000),
    tries: integer(env, "PAYMENT_GATEWAY_TRIES", 3, 1, 10),
    concurrency: integer(env, "PAYMENT_GATEWAY_CONCURRENCY", 64, 1, 10_000),
    breakerCalls: integer(env, "PAYMENT_GATEWAY_BREAKER_CALLS", 20, 2, 10_000),
    breakerMs: integer(env, "PAYMENT_GATEWAY_BREAKER_MS", 10_000, 1, 600_000),
    settleAfterMs: integer(env, "PAYMENT_SETTLE_AFTER_MS", 5000, 1, 600_000),
    giveUpAfterMs: integer(env, "PAYMENT_GIVE_UP_AFTER_MS", 900_000, 1, 86_400_000),
  };
}

function funding(env: Env, embedded: boolean): Config["balanceFunding"] {
  const funded = oneOf(env, "BALANCE_FUNDING", ["open", "gateway", "operator"], embedded ? "open" : "operator");
  if (funded === "gateway" && gateway(env, embedded).kind === "none")
    throw new ConfigError("BALANCE_FUNDING=gateway needs a payment gateway; set PAYMENT_GATEWAY_URL and PAYMENT_GATEWAY_SECRET");
  return funded;
}

function trustProxy(env: Env): Config["trustProxy"] {
  const value = text(env, "TRUST_PROXY");
  if (value === undefined || value === "off") return undefined;
  const trusted = trustedProxies(value);
  if (trusted === undefined)
    throw new ConfigError(
      `TRUST_PROXY must be off, a number of proxies from 1 to 16, or addresses and networks like 10.0.0.0/8 separated by commas, not ${JSON.stringify(value)}`,
    );
  return trusted;
}

/** ISO 8601 durations of weeks, or of days, hours, minutes and seconds: `P1W`, `P1D`, `PT30M`, `PT1H30M`, `PT0.5S`. Months and years are of no certain length. */
function duration(env: Env, name: string, fallback: string): number {
  const value = text(env, name) ?? fallback;
  const weeks = Number(/^P(\d+)W$/.exec(value)?.[1] ?? 0);
  const parts = /^P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(value);
  const [days = weeks * 7, hours = 0, minutes = 0, seconds = 0] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  const ms = Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
  if (ms <= 0 || ms > 366 * 86_400_000)
    throw new ConfigError(
      `${name} must be an ISO 8601 duration like PT30M or P1W, without months and years, more than nothing and at most 366 days, not ${JSON.stringify(value)}`,
    );
  return ms;
}

function timezone(env: Env): string {
  return timezoneOf("SHOP_TIMEZONE", text(env, "SHOP_TIMEZONE") ?? "Asia/Seoul");
}

/** Errors: ConfigError, by the name of the setting or option that said it. */
export function timezoneOf(name: string, zone: string): string {
  try {
    // By name: JavaScript reads +09:00 as east of Greenwich and PostgreSQL, after POSIX, as west of it.
    if (!/^[A-Za-z]/.test(zone)) throw new RangeError(zone);
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    throw new ConfigError(`${name} must be an IANA time zone like Asia/Seoul, not ${JSON.stringify(zone)}`);
  }
  return zone;
}

function currency(env: Env): string {
  return currencyOf("SHOP_CURRENCY", text(env, "SHOP_CURRENCY") ?? "KRW");
}

/** Errors: ConfigError, by the name of the setting or option that said it. */
export function currencyOf(name: string, code: string): string {
  if (!Intl.supportedValuesOf("currency").includes(code))
    throw new ConfigError(`${name} must be an ISO 4217 code like KRW, not ${JSON.stringify(code)}`);
  return code;
}
