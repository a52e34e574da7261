import { startNats, startRedis } from "../../support/services.ts";
import { campaign, SEED } from "../campaign.ts";
import { testNetworkFaults } from "./network.ts";

export default campaign({
  summary: "latency, trickle, half-open and reset connections to PostgreSQL, the gateway and, with --services, Redis and NATS, under load",
  options: {
    seed: SEED,
    ms: { type: "number", default: 2000, help: "duration of each fault" },
    clients: { type: "number", default: 8, help: "number of clients" },
    services: { type: "flag", help: "start Redis and NATS too (redis-server and nats-server must be installed)" },
  },
  needsServer: true,
  hasHistory: true,
  async run({ seed, ms, clients, services }) {
    const [redis, nats] = services ? await Promise.all([startRedis(), startNats()]) : [];
    try {
      const peers = [
        ...(redis ? [{ name: "Redis", port: redis.port, env: (address: string) => ({ REDIS_URL: `redis://${address}` }) }] : []),
        ...(nats ? [{ name: "NATS", port: nats.port, env: (address: string) => ({ DATA_PLATFORM_URL: `nats://${address}/SHOP` }) }] : []),
      ];
      const report = await testNetworkFaults({ seed, ms, clients, peers });
      console.log(JSON.stringify({ seed, ...report }, undefined, 2));
      const { lost, duplicated, undelivered, outOfOrder, violations, differences } = report;
      return [lost, duplicated, undelivered, outOfOrder, violations, differences].every(({ length }) => length === 0);
    } finally {
      await Promise.all([redis?.remove(), nats?.remove()]);
    }
  },
});
