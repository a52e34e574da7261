// The settings of the data platforms that receive events.

import { ConfigError, type Env, oneOf, text } from "./env.ts";

const SINK_PROTOCOLS = new Set(["nats:", "tls:", "kafka:", "redis:", "rediss:", "https:", "http:"]);

export type DataPlatformSettings = {
  /** Sinks of the outbox: `file`, or URLs. */
  dataPlatforms: readonly string[];
  /** Signs the webhooks among them. */
  webhookSecret: string | undefined;
  /** Patterns of the types of events that sinks receive, such as `order.*`. */
  platformEvents: readonly string[];
  /** Whether sinks receive addresses and notes of orders. */
  platformPersonalData: boolean;
};

/** `DATA_PLATFORM_URL` holds one sink or several, separated by commas. Errors: ConfigError. */
export function dataPlatforms(env: Env): DataPlatformSettings {
  const platforms = (text(env, "DATA_PLATFORM_URL") ?? "file").split(",").map((platform) => platform.trim());
  for (const platform of platforms) {
    if (platform === "file") continue;
    const url = URL.canParse(platform) ? new URL(platform) : undefined;
    if (!url?.hostname || !SINK_PROTOCOLS.has(url.protocol))
      throw new ConfigError("DATA_PLATFORM_URL must be file, https://…, nats://…, kafka://… or redis://…, or several of them separated by commas");
    if (/^(nats|tls):$/.test(url.protocol)) checkNats(url);
    if (url.protocol === "http:" && !["127.0.0.1", "[::1]", "localhost"].includes(url.hostname))
      throw new ConfigError("DATA_PLATFORM_URL may begin with http:// only for this machine; use https://");
  }
  if (new Set(platforms).size < platforms.length) throw new ConfigError("DATA_PLATFORM_URL names the same sink twice");
  const webhookSecret = text(env, "DATA_PLATFORM_WEBHOOK_SECRET");
  if (webhookSecret === undefined && platforms.some((platform) => /^https?:/.test(platform)))
    throw new ConfigError("DATA_PLATFORM_WEBHOOK_SECRET is missing: a webhook of DATA_PLATFORM_URL must be signed");
  if (webhookSecret !== undefined && !webhookSecret.split(/\s+/).every(isWebhookSecret))
    throw new ConfigError("DATA_PLATFORM_WEBHOOK_SECRET must be whsec_ followed by 24 to 64 bytes in base64");
  const platformPersonalData = oneOf(env, "DATA_PLATFORM_PERSONAL_DATA", ["on", "off"], "off") === "on";
  return { dataPlatforms: platforms, webhookSecret, platformEvents: platformEvents(env), platformPersonalData };
}

/** Errors: ConfigError. */
function checkNats({ searchParams }: URL): void {
  const servers = searchParams.get("servers");
  if (servers !== null && !servers.split(";").every((server) => /^[^\s:;/]+:\d+$/.test(server)))
    throw new ConfigError("servers in DATA_PLATFORM_URL must be further servers like b:4222;c:4222");
  const replicas = searchParams.get("replicas");
  if (replicas !== null && !/^[1-5]$/.test(replicas)) throw new ConfigError("replicas in DATA_PLATFORM_URL must be a number from 1 to 5");
}

const DEFAULT_EVENTS = "order.*,return.*,drop.*,entry.*";

/** Types of events, in which `*` stands for any text. */
function platformEvents(env: Env): string[] {
  const patterns = (text(env, "DATA_PLATFORM_EVENTS") ?? DEFAULT_EVENTS).split(",").map((pattern) => pattern.trim());
  const wrong = patterns.find((pattern) => !/^[a-z*][a-z.*-]*$/.test(pattern));
  if (wrong !== undefined)
    throw new ConfigError(
      `DATA_PLATFORM_EVENTS must be types of events like order.* or order.shipped, separated by commas, not ${JSON.stringify(wrong)}`,
    );
  return patterns;
}

function isWebhookSecret(secret: string): boolean {
  const key = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret)?.[1];
  const bytes = key === undefined ? 0 : Buffer.from(key, "base64").length;
  return bytes >= 24 && bytes <= 64;
}
