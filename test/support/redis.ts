import { setTimeout as pause } from "node:timers/promises";
import { RedisClient } from "../../src/redis/redis-client.ts";

/** A line that is up. */
export async function linkTo(url: string): Promise<RedisClient> {
  const link = new RedisClient({ url, prefix: "{shop}" });
  for (const deadline = Date.now() + 5000; !link.up; await pause(5)) if (Date.now() > deadline) throw new Error("Redis can't be reached");
  return link;
}
