import { setTimeout as pause } from "node:timers/promises";
import { RedisClient } from "../../src/redis/redis-client.ts";

/** A connected Redis client. */
export async function connectRedis(url: string): Promise<RedisClient> {
  const client = new RedisClient({ url, prefix: "{shop}" });
  for (const deadline = Date.now() + 60_000; !client.up; await pause(5)) if (Date.now() > deadline) throw new Error("Redis cannot be reached");
  return client;
}
