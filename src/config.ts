// The only reader of the environment: all settings of the shop, checked. docs/operating lists them.

import { type CorsOrigins, corsOrigins } from "./cors-origins.ts";
import { isIP } from "node:net";
import { type AuthSettings, authSettings } from "./auth-settings.ts";
import { dataPlatforms, type DataPlatformSettings } from "./data-platform-settings.ts";
import { gatewayMethods, type GatewayMethod, type PaymentWindow, paymentWindow } from "./payment-settings.ts";
import { type Business, businessSettings } from "./business-settings.ts";
import { countryOf } from "./country.ts";
import { type OidcSettings, oidcSettings } from "./oidc-settings.ts";
import { redisUrl } from "./redis-settings.ts";
import { type TelemetrySettings, telemetrySettings } from "./telemetry-settings.ts";
import { calendarDuration, ConfigError, currencyOf, duration, type Env, integer, isHttpsOrLocal, oneOf, text, timezoneOf } from "./env.ts";

/** Limits of the calls to the payment gateway. */
export type GatewayPolicySettings = {
  /** Longest time for one call in ms, its retries included. */
  timeoutMs: number;
  /** How often one call is sent at most, always with the same idempotency key. */
  tries: number;
  /** Calls that may run at once; as many again may wait. */
  concurrency: number;
  /** Size of the circuit breaker's window in calls; it opens when half of them failed. */
  breakerCalls: number;
  /** How long the circuit breaker stays open, in ms. */
  breakerMs: number;
};

export type GatewaySettings = GatewayPolicySettings & {
  /** Who takes card payments: a real gateway, the simulator, or none. */
  kind: "gateway" | "simulated" | "none";
  url: string | undefined;
  secret: string | undefined;
  /** The shop's currency. */
  currency: string;
  /** URL of a simulator that another process runs, with its secret as the password. Unset: this process runs one. */
  simulatorUrl?: string | undefined;
};

export type SettlementSettings = {
  /** Longest duration of one call to the gateway with its retries, in ms. */
  timeoutMs: number;
  /** How long a started attempt is left to the request that started it, and the first pause before a retry, in ms. */
  settleAfterMs: number;
  /** After how long in ms an attempt that the gateway never confirmed counts as failed. */
  giveUpAfterMs: number;
  /** The methods that the shop takes at the gateway; undefined: all. */
  methods?: readonly GatewayMethod[];
};

/** Which proxies' X-Forwarded-For is trusted: a number of proxies, or their addresses and networks. */
export type TrustedProxies = number | string[];

export type Config = DataPlatformSettings & {
  telemetry: TelemetrySettings;
  port: number;
  host: string;
  /** Unset: embedded PostgreSQL in `dataDir`. */
  databaseUrl: string | undefined;
  /** A replica for operators' lists. */
  databaseReadUrl: string | undefined;
  /** Unset: each instance caches and counts for itself, and PostgreSQL locks. */
  redisUrl: string | undefined;
  dataDir: string;
  auth: AuthSettings;
  /** The console's sign-in at an issuer; undefined: by tokens only. */
  oidc: OidcSettings | undefined;
  balanceFunding: "open" | "gateway" | "operator";
  gateway: GatewaySettings & SettlementSettings & { methods: readonly GatewayMethod[]; window: PaymentWindow | undefined };
  /** Minor units. */
  chargeMax: number;
  /** Minor units. */
  balanceMax: number;
  orderExpiresAfterMs: number;
  /** When an order that is paid later takes its stock and its coupon. */
  stockTakenAt: "payment" | "order";
  /** How long after its completion a buyer can cancel an order, in ms. */
  cancelWithinMs: number;
  /** How long after its delivery a buyer can return a piece, in ms. */
  returnWithinMs: number;
  /** How long the operators' journal is kept: an ISO 8601 duration. */
  journalKeep: string;
  lockWaitMs: number;
  /** Requests per second and caller; undefined: no limit. */
  rateLimit: number | undefined;
  /** Undefined: X-Forwarded-For is ignored. */
  trustProxy: TrustedProxies | undefined;
  /** Undefined: pages of no other origin may read answers. */
  corsOrigins: CorsOrigins | undefined;
  timezone: string;
  currency: string;
  locale: "ko" | "en";
  /** ISO 3166-1: the country of an address that names none. */
  country: string;
  demo: boolean;
  logLevel: string;
  business: Business;
  /** Origins from which the pages load images of products, besides the shop; `*` for any. */
  imageOrigins: readonly string[];
};

/**
 * Reads and checks every setting; docs/operating/settings.md lists them.
 * Errors: ConfigError for the first that is wrong.
 */
export function readConfig(env: Env): Config {
  const databaseUrl = postgresUrl(env, "DATABASE_URL");
  const embedded = databaseUrl === undefined;
  return {
    port: integer(env, "PORT", 3000, 0, 65_535),
    host: text(env, "HOST") ?? "127.0.0.1",
    databaseUrl,
    dataDir: text(env, "DATA_DIR") ?? ".data",
    databaseReadUrl: databaseReadUrl(env, embedded),
    redisUrl: redisUrl(env),
    ...dataPlatforms(env),
    auth: authSettings(env),
    oidc: oidcSettings(env),
    telemetry: telemetrySettings(env),
    balanceFunding: balanceFunding(env, embedded),
    gateway: gateway(env, embedded),
    chargeMax: integer(env, "CHARGE_MAX", 10_000_000, 1, Number.MAX_SAFE_INTEGER),
    balanceMax: integer(env, "BALANCE_MAX", 1_000_000_000_000, 1, Number.MAX_SAFE_INTEGER),
    orderExpiresAfterMs: duration(env, "ORDER_EXPIRES_AFTER", "PT30M"),
    cancelWithinMs: duration(env, "CANCEL_WITHIN", "P7D"),
    returnWithinMs: duration(env, "RETURN_WITHIN", "P7D"),
    stockTakenAt: oneOf(env, "STOCK_TAKEN_AT", ["payment", "order"], "payment"),
    journalKeep: calendarDuration(env, "JOURNAL_KEEP", "P2Y"),
    lockWaitMs: integer(env, "LOCK_WAIT_MS", 3000, 1, 600_000),
    rateLimit: env["RATE_LIMIT"] === "off" || !text(env, "RATE_LIMIT") ? undefined : integer(env, "RATE_LIMIT", 0, 1, 1_000_000),
    trustProxy: trustProxy(env),
    corsOrigins: corsOrigins(env, "CORS_ORIGINS"),
    timezone: timezoneOf("SHOP_TIMEZONE", text(env, "SHOP_TIMEZONE") ?? "Asia/Seoul"),
    currency: currency(env),
    locale: oneOf(env, "SHOP_LOCALE", ["ko", "en"], "ko"),
    country: countryOf("SHOP_COUNTRY", text(env, "SHOP_COUNTRY") ?? "KR"),
    business: businessSettings(env),
    imageOrigins: [corsOrigins(env, "IMAGE_ORIGINS") ?? []].flat(),
    demo: oneOf(env, "DEMO", ["on", "off"], embedded ? "on" : "off") === "on",
    logLevel: oneOf(env, "LOG_LEVEL", ["fatal", "error", "warn", "info", "debug", "trace", "silent"], "info"),
  };
}

function postgresUrl(env: Env, name: string): string | undefined {
  const url = text(env, name);
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url)) throw new ConfigError(`${name} must begin with postgres:// or postgresql://`);
  return url;
}

function databaseReadUrl(env: Env, embedded: boolean): string | undefined {
  const url = postgresUrl(env, "DATABASE_READ_URL");
  if (url !== undefined && embedded) throw new ConfigError("DATABASE_READ_URL needs DATABASE_URL: the embedded database has no replica");
  return url;
}

/** The currencies in which the real gateway takes payments. */
const GATEWAY_CURRENCIES: readonly string[] = ["KRW"];

/**
 * Cards are simulated only with the embedded database, or if PAYMENT_GATEWAY_URL is `simulator`.
 * A shop with its own database sells for real money, and the simulator would approve any payment.
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
  if (url !== undefined) checkGateway(url, secret, code);
  const kind = url !== undefined ? "gateway" : embedded || given === "simulator" ? "simulated" : "none";
  return {
    kind,
    url,
    secret,
    currency: code,
    methods: gatewayMethods(env),
    window: paymentWindow(env, url),
    // Internal: `serve --workers` gives its workers the simulator that they share.
    simulatorUrl: kind === "simulated" ? text(env, "PAYMENT_SIMULATOR_URL") : undefined,
    timeoutMs: integer(env, "PAYMENT_GATEWAY_TIMEOUT_MS", kind === "simulated" ? 1500 : 10_000, 1, 120_000),
    tries: integer(env, "PAYMENT_GATEWAY_TRIES", 3, 1, 10),
    concurrency: integer(env, "PAYMENT_GATEWAY_CONCURRENCY", 64, 1, 10_000),
    breakerCalls: integer(env, "PAYMENT_GATEWAY_BREAKER_CALLS", 20, 2, 10_000),
    breakerMs: integer(env, "PAYMENT_GATEWAY_BREAKER_MS", 10_000, 1, 600_000),
    settleAfterMs: integer(env, "PAYMENT_SETTLE_AFTER_MS", 5000, 1, 600_000),
    giveUpAfterMs: integer(env, "PAYMENT_GIVE_UP_AFTER_MS", 2_100_000, 1, 86_400_000),
  };
}

function checkGateway(url: string, secret: string | undefined, code: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash || parsed.username)
    throw new ConfigError("PAYMENT_GATEWAY_URL must be simulator, or an https:// address without anything behind its path");
  if (!isHttpsOrLocal(url))
    throw new ConfigError("PAYMENT_GATEWAY_URL may begin with http:// on this machine only; the secret would be readable on its way");
  if (secret === undefined) throw new ConfigError("PAYMENT_GATEWAY_SECRET is missing; PAYMENT_GATEWAY_URL needs it");
  if (!GATEWAY_CURRENCIES.includes(code))
    throw new ConfigError(`SHOP_CURRENCY is ${code}, and the gateway of PAYMENT_GATEWAY_URL takes ${GATEWAY_CURRENCIES.join(", ")} only`);
}

function balanceFunding(env: Env, embedded: boolean): Config["balanceFunding"] {
  const funding = oneOf(env, "BALANCE_FUNDING", ["open", "gateway", "operator"], embedded ? "open" : "operator");
  if (funding === "gateway" && gateway(env, embedded).kind === "none")
    throw new ConfigError("BALANCE_FUNDING=gateway needs a payment gateway; set PAYMENT_GATEWAY_URL and PAYMENT_GATEWAY_SECRET");
  return funding;
}

function trustProxy(env: Env): Config["trustProxy"] {
  const value = text(env, "TRUST_PROXY");
  if (value === undefined || value === "off") return undefined;
  const count = Number(value);
  const networks = value.split(",").map((network) => network.trim());
  if (/^\d+$/.test(value) && count >= 1 && count <= 16) return count;
  if (!/^\d+$/.test(value) && networks.every(isNetwork)) return networks;
  throw new ConfigError(
    `TRUST_PROXY must be off, a number of proxies from 1 to 16, or addresses and networks like 10.0.0.0/8 separated by commas, not ${JSON.stringify(value)}`,
  );
}

/** Whether this is an IP address, or a network in CIDR notation. */
function isNetwork(value: string): boolean {
  const [address = "", prefix, ...rest] = value.split("/");
  const longest = isIP(address) === 4 ? 32 : 128;
  if (isIP(address) === 0 || address.includes("%") || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= longest);
}

function currency(env: Env): string {
  return currencyOf("SHOP_CURRENCY", text(env, "SHOP_CURRENCY") ?? "KRW");
}
