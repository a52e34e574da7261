// Network faults between a shop and its servers, one after the other, while clients use every operation. At the end, all data is verified.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Simulator } from "../../../src/gateway/simulator/simulator.ts";
import { Clients } from "../../support/clients.ts";
import { freshDatabase } from "../../support/database.ts";
import { FaultProxy, type NetworkFault } from "../../support/fault-proxy.ts";
import { serve } from "../../support/process.ts";
import { Client, good } from "../../support/shop.ts";
import { faultsOf, type NO_FAULTS, type Verification, verifyClients } from "../../support/verification.ts";

const FAULTS: NetworkFault[] = ["latency", "trickle", "half open", "reset"];
const GATEWAY_SECRET = "test_sk_network";
const SETTLED_WITHIN_MS = 60_000;
/** Responses that the clients must get after each fault. */
const RESPONSES_AFTER_FAULT = 10;

/** A further server, and the settings by which the shop finds it. `env` gets the address of its proxy. */
type Peer = { name: string; port: number; env: (address: string) => Record<string, string> };

type NetworkReport = Pick<Verification, "acknowledged" | "orders" | keyof typeof NO_FAULTS> & {
  faults: number;
  retries: number;
  violations: unknown[];
  differences: unknown[];
};
type NetworkOptions = { seed: number; ms: number; clients: number; peers?: Peer[] };

/** Injects each fault for `ms` into the connections to PostgreSQL, the gateway and the peers. */
export async function testNetworkFaults({ seed, ms, clients: count, peers = [] }: NetworkOptions): Promise<NetworkReport> {
  await using cleanUp = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "jangnal-network-"));
  cleanUp.defer(() => rmSync(folder, { recursive: true, force: true }));
  const database = await freshDatabase();
  cleanUp.defer(() => database.drop());
  const simulator = new Simulator({ secret: GATEWAY_SECRET });
  cleanUp.defer(() => simulator.close());
  const open = async (upstream: string | { port: number }): Promise<FaultProxy> => {
    const proxy = await FaultProxy.open(upstream);
    cleanUp.defer(() => proxy.close());
    return proxy;
  };
  const postgres = await open(database.url);
  const gateway = await open({ port: Number(new URL(await simulator.listen()).port) });
  const proxies = [postgres, gateway];
  const env: Record<string, string> = {};
  for (const peer of peers) {
    const proxy = await open({ port: peer.port });
    proxies.push(proxy);
    Object.assign(env, peer.env(`127.0.0.1:${proxy.port}`));
  }
  const shop = await serve({ ...env, ...settings(postgres, gateway), DATA_DIR: folder });
  cleanUp.defer(async () => {
    for (const proxy of proxies) proxy.fault = "none";
    shop.child.kill("SIGTERM");
    await shop.ended;
  });
  const clients = new Clients(shop.url, seed);
  await clients.start(count);
  for (const proxy of proxies) for (const fault of FAULTS) await inject(proxy, fault, ms, clients);
  await clients.stop();
  const operator = new Client(shop.url, "an-operator", "operator");
  simulator.behaves = true;
  const differences = await settled(operator);
  const verification = await verifyClients(shop.url, clients);
  const { violations } = good(await operator.get("/admin/audit"), 200);
  const { acknowledged, orders } = verification;
  const retries = clients.client.retryCount;
  return { faults: proxies.length * FAULTS.length, acknowledged, orders, retries, ...faultsOf(verification), violations, differences };
}

function settings(postgres: FaultProxy, gateway: FaultProxy): Record<string, string> {
  return {
    DATABASE_URL: postgres.url,
    PAYMENT_GATEWAY_URL: `http://127.0.0.1:${gateway.port}`,
    PAYMENT_GATEWAY_SECRET: GATEWAY_SECRET,
    PAYMENT_GATEWAY_TIMEOUT_MS: "500",
    PAYMENT_GATEWAY_BREAKER_MS: "100",
    PAYMENT_SETTLE_AFTER_MS: "100",
    PAYMENT_GIVE_UP_AFTER_MS: "2000",
    BALANCE_FUNDING: "gateway",
    ORDER_EXPIRES_AFTER: "PT1S",
    LOCK_WAIT_MS: "500",
  };
}

async function inject(proxy: FaultProxy, fault: NetworkFault, ms: number, clients: Clients): Promise<void> {
  proxy.fault = fault;
  await pause(ms);
  proxy.fault = "none";
  await clients.more(RESPONSES_AFTER_FAULT);
}

/** Settles open payments. Returns the differences to the gateway's ledger. */
async function settled(operator: Client): Promise<unknown[]> {
  for (const deadline = Date.now() + SETTLED_WITHIN_MS; ; await pause(200)) {
    await operator.post("/admin/jobs/settle-payments/run");
    const response = await operator.get("/admin/reconciliation");
    if (response.status === 200 && (response.body.differences.length === 0 || Date.now() > deadline)) return response.body.differences;
  }
}
