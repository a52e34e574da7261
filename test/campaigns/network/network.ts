// A shop whose wires to everything that it talks to go wrong, one after the other and each in every way, while its customers do everything
// that can be done. Afterwards what it has is held against what they were told.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { Simulator } from "../../../src/gateway/simulator/simulator.ts";
import { type Fault, FaultWire } from "../../support/fault-wire.ts";
import { freshDatabase } from "../../support/database.ts";
import { serve } from "../../support/process.ts";
import { Client, good } from "../../support/shop.ts";
import { Clients } from "../crash/clients.ts";
import { verify } from "../crash/verification.ts";

const FAULTS: Fault[] = ["latency", "trickle", "half open", "reset"];
const GATEWAY_SECRET = "test_sk_network";
const SETTLED_WITHIN_MS = 60_000;

/** A server that the shop talks to, and the setting by which it finds it; `url` is that of a wire to it. */
export type Peer = { name: string; port: number; env: (url: string) => Record<string, string> };

export type Report = {
  faults: number;
  acknowledged: number;
  orders: number;
  askedAgain: number;
  lost: string[];
  duplicated: string[];
  violations: unknown[];
  differences: unknown[];
};

/** Breaks the wires to PostgreSQL and the gateway, and to whatever else is given, each fault for so long. */
export async function breakWires(options: { seed: number; ms: number; customers: number; others?: Peer[] }): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-network-"));
  const database = await freshDatabase();
  const simulator = new Simulator({ secret: GATEWAY_SECRET });
  const wires: { name: string; wire: FaultWire }[] = [];
  const env: Record<string, string> = {};
  let shop: Awaited<ReturnType<typeof serve>> | undefined;
  try {
    const { host, port, name, user } = partsOf(database.url);
    const toDatabase = await FaultWire.open(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { port });
    wires.push({ name: "PostgreSQL", wire: toDatabase });
    const toGateway = await FaultWire.open({ port: Number(new URL(await simulator.listen()).port) });
    wires.push({ name: "gateway", wire: toGateway });
    for (const peer of options.others ?? []) {
      const wire = await FaultWire.open({ port: peer.port });
      wires.push({ name: peer.name, wire });
      Object.assign(env, peer.env(`127.0.0.1:${wire.port}`));
    }
    shop = await serve({
      ...env,
      DATABASE_URL: `postgresql://${user}@127.0.0.1:${toDatabase.port}/${name}?sslmode=disable`,
      DATA_DIR: folder,
      PAYMENT_GATEWAY_URL: `http://127.0.0.1:${toGateway.port}`,
      PAYMENT_GATEWAY_SECRET: GATEWAY_SECRET,
      PAYMENT_GATEWAY_TIMEOUT_MS: "500",
      PAYMENT_GATEWAY_BREAKER_MS: "100",
      PAYMENT_SETTLE_AFTER_MS: "100",
      PAYMENT_GIVE_UP_AFTER_MS: "2000",
      BALANCE_FUNDING: "gateway",
      ORDER_EXPIRES_AFTER: "PT1S",
      LOCK_WAIT_MS: "500",
    });
    const { url } = shop;
    const customers = new Clients(url, options.seed);
    await customers.start(options.customers);
    for (const { wire } of wires) {
      for (const fault of FAULTS) {
        wire.fault = fault;
        await pause(options.ms);
        wire.fault = "none";
        await customers.more(MORE);
      }
    }
    await customers.stop();
    const operator = new Client(url, "an-operator", "operator");
    simulator.behaves = true;
    const differences = await settled(operator);
    const { acknowledged, orders, lost, duplicated } = await verify(url, customers);
    const { violations } = good(await operator.get("/admin/audit"), 200);
    const faults = wires.length * FAULTS.length;
    return { faults, acknowledged, orders, askedAgain: customers.asker.askedAgain, lost, duplicated, violations, differences };
  } finally {
    for (const { wire } of wires) wire.fault = "none";
    shop?.child.kill("SIGTERM");
    await shop?.ended;
    for (const { wire } of wires) await wire.close();
    await simulator.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Healed, it must serve so many more: a wire that was mended is used again. */
const MORE = 10;

async function settled(operator: Client): Promise<unknown[]> {
  for (const deadline = Date.now() + SETTLED_WITHIN_MS; ; await pause(200)) {
    await operator.post("/admin/jobs/settle-payments/run");
    const answer = await operator.get("/admin/reconciliation");
    if (answer.status === 200 && (answer.body.differences.length === 0 || Date.now() > deadline)) return answer.body.differences;
  }
}

function partsOf(url: string): { host: string; port: number; name: string; user: string } {
  const { host, port, database, user } = new pg.Client({ connectionString: url });
  return { host, port, name: database ?? "", user: user ?? "" };
}
