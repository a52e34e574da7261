// Opens the sinks that the settings name. A client library is loaded only if a sink needs it.

import { createHash } from "node:crypto";
import { FileSink } from "./file-sink.ts";
import type { Sink } from "./sink.ts";

export type DataPlatforms = {
  /** `file`, or URLs whose scheme selects the sink. */
  platforms: readonly string[];
  dataDir: string;
  /** Required if one of the platforms is a webhook. */
  webhookSecret: string | undefined;
};

export async function openSinks({ platforms, dataDir, webhookSecret }: DataPlatforms): Promise<Sink[]> {
  return Promise.all(
    platforms.map(async (platform) => (platform === "file" ? new FileSink(dataDir) : openSink(new URL(platform), webhookSecret ?? ""))),
  );
}

async function openSink(url: URL, secret: string): Promise<Sink> {
  const name = nameOf(url);
  switch (url.protocol) {
    case "nats:":
    case "tls:":
      return new (await import("./nats-sink.ts")).NatsSink({ name, url });
    case "kafka:":
      return new (await import("./kafka-sink.ts")).KafkaSink({ name, url });
    case "redis:":
    case "rediss:":
      return new (await import("./redis-stream-sink.ts")).RedisStreamSink({ name, url });
    default:
      return new (await import("./webhook-sink.ts")).WebhookSink({ name, url: url.href, secret });
  }
}

/** The sink's name in the database and in metrics. Paths and queries of webhooks may be credentials, so they are hashed. */
export function nameOf(url: URL): string {
  const address = new URL(url);
  address.username = "";
  address.password = "";
  // A cluster that gets another server, or more copies, is the same place.
  if (/^(nats|tls):$/.test(address.protocol)) for (const detail of ["servers", "replicas"]) address.searchParams.delete(detail);
  return `${url.protocol}//${url.host}#${createHash("sha256").update(address.href).digest("hex").slice(0, 8)}`;
}
