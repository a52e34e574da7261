// The race tests with more instances and with Redis.

import { after, before } from "node:test";
import { instances, races } from "../support/contract/races.ts";
import { type Service, startRedis } from "../support/services.ts";

let redis: Service;
before(async () => {
  redis = await startRedis();
});
after(() => redis.remove());

races("4 instances", () => instances(4));
races("2 instances with Redis", () => instances(2, { REDIS_URL: redis.url }));
races("4 instances with Redis", () => instances(4, { REDIS_URL: redis.url }));
