// The address of Redis: one server, or a primary that Sentinels name.

import { ConfigError, type Env, text } from "./env.ts";

type Address = { host: string; port: number };

/** The Sentinels of REDIS_URL, and how to reach the primary that they name. */
export type Sentinels = {
  sentinels: Address[];
  /** The name of the primary in the Sentinels' configuration. */
  name: string;
  db: number;
  username?: string;
  password?: string;
  sentinelPassword?: string;
  tls?: object;
  enableTLSForSentinelMode?: boolean;
};

const FORM = /^(rediss?)-sentinel:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/(\d*))?(?:\?([^#]*))?$/;
const SENTINEL_PORT = 26_379;

/** Errors: ConfigError. */
export function redisUrl(env: Env): string | undefined {
  const url = text(env, "REDIS_URL");
  if (url === undefined || sentinelsOf(url) !== undefined) return url;
  if (/^rediss?-sentinel:/.test(url))
    throw new ConfigError("REDIS_URL with Sentinels must be redis-sentinel://[user:password@]a:26379,b:26379/0?master=NAME");
  if (!(URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)))
    throw new ConfigError("REDIS_URL must begin with redis://, rediss://, redis-sentinel:// or rediss-sentinel://");
  return url;
}

/**
 * Reads `redis-sentinel://[user:password@]a:26379,b:26379/0?master=NAME&sentinelPassword=…`, with
 * TLS `rediss-sentinel://`. Returns undefined for any other text.
 */
export function sentinelsOf(url: string): Sentinels | undefined {
  const parts = FORM.exec(url);
  if (!parts) return undefined;
  const [, scheme, user = "", hosts = "", db = "", query = ""] = parts;
  const search = new URLSearchParams(query);
  const name = search.get("master");
  const sentinels = hosts.split(",").map(addressOf);
  if (!name || sentinels.includes(undefined)) return undefined;
  const [username, password] = user === "" ? [] : user.includes(":") ? splitAt(user, ":") : ["", user];
  const sentinelPassword = search.get("sentinelPassword");
  return {
    sentinels: sentinels as Address[],
    name,
    db: Number(db),
    ...(username ? { username: decodeURIComponent(username) } : {}),
    ...(password ? { password: decodeURIComponent(password) } : {}),
    ...(sentinelPassword ? { sentinelPassword } : {}),
    ...(scheme === "rediss" ? { tls: {}, enableTLSForSentinelMode: true } : {}),
  };
}

function addressOf(host: string): Address | undefined {
  const [, name = "", port] = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(host) ?? [];
  return name === "" ? undefined : { host: name.replace(/^\[|\]$/g, ""), port: Number(port ?? SENTINEL_PORT) };
}

function splitAt(value: string, separator: string): [string, string] {
  const at = value.indexOf(separator);
  return [value.slice(0, at), value.slice(at + 1)];
}
