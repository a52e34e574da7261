// Runs a shop with all its parts under steady traffic, and reads its values again and again.

import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { types } from "../../../src/database/pool.ts";
import { good } from "../../support/shop.ts";
import { type Arrangement, type ArrangementOptions, openArrangement } from "./arrangement.ts";
import type { ProcessSample, Sample } from "./samples.ts";
import { Sampler } from "./sampler.ts";
import { Traffic } from "./traffic.ts";

export type SoakOptions = ArrangementOptions & {
  seed: number;
  minutes: number;
  sessionsPerSecond: number;
  users?: number;
  streams?: number;
  onSample?: (sample: Sample) => void;
};

/** `findings`: everything that was wrong, except growth. */
export type SoakRun = {
  from: number;
  to: number;
  samples: Sample[];
  probes: ProcessSample[];
  answers: [string, number][];
  events: number;
  findings: string[];
};

const LEAST_SAMPLES = 30;
const SETTLED_WITHIN_MS = 600_000;
const SETTLED_LOOK_MS = 2000;

export async function soak({
  seed,
  minutes,
  sessionsPerSecond,
  users = 2000,
  streams = 12,
  onSample = () => {},
  ...options
}: SoakOptions): Promise<SoakRun> {
  await using arrangement = await openArrangement(options);
  await using sampler = await Sampler.open(arrangement);
  const traffic = new Traffic({ url: arrangement.url, seed, sessionsPerSecond, users, streams });
  const holder = options.leak === "transaction" ? await holdSnapshot(arrangement.cluster.url) : undefined;
  const first = [...arrangement.processes()];
  await traffic.start();
  const samples: Sample[] = [];
  const from = Date.now();
  const planned = from + minutes * 60_000;
  // On a busy machine a sample takes long: the run goes on until there are enough to judge.
  const isOver = (): boolean => (Date.now() > planned && samples.length >= LEAST_SAMPLES) || arrangement.ended() !== undefined;
  for (let next = from; !isOver(); next += options.everyMs) {
    await pause(Math.max(0, next - Date.now()));
    try {
      const sample = await sampler.read(traffic.work);
      samples.push(sample);
      onSample(sample);
    } catch (error) {
      traffic.findings.push(`a sample failed: ${String(error)}`);
    }
  }
  const to = Math.max(planned, samples.at(-1)?.at ?? 0);
  await holder?.end();
  const probes = readProbes(arrangement.probeFile);
  const findings = traffic.findings;
  if (arrangement.ended() !== undefined) findings.push(`the shop ended: ${arrangement.ended()}`);
  for (const [name, pid] of first) if (arrangement.processes().get(name) !== pid) findings.push(`the process ${name} was replaced`);
  await traffic.stop();
  findings.push(...(await remains(arrangement, traffic).catch((error: unknown) => [`the data could not be verified: ${String(error)}`])));
  return { from, to, samples, probes, answers: [...traffic.answers].toSorted(), events: arrangement.deliveries.orderEvents, findings };
}

/** A control: as long as this transaction is open, no row that dies later can be vacuumed. */
async function holdSnapshot(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SELECT count(*) FROM users");
  return client;
}

function readProbes(file: string): ProcessSample[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as ProcessSample);
}

/** After the traffic: money settles, events arrive, the audit is clean, and each order that was acknowledged is there. */
async function remains({ cluster, deliveries }: Arrangement, traffic: Traffic): Promise<string[]> {
  const client = new pg.Client({ connectionString: cluster.url, types });
  await client.connect();
  try {
    const count = async (text: string, values: unknown[] = []): Promise<number> =>
      Number((await client.query<{ count: string }>(text, values)).rows[0]?.count);
    const findings: string[] = [];
    let differences: unknown[] = [];
    let events = 0;
    for (const deadline = Date.now() + SETTLED_WITHIN_MS; Date.now() < deadline; await pause(SETTLED_LOOK_MS)) {
      await traffic.operator.post("/admin/jobs/settle-payments/run");
      const reconciled = await traffic.operator.get("/admin/reconciliation");
      // BUSY while the circuit breaker is open, which a late answer of the simulated gateway may do.
      if (reconciled.status === 503 && Date.now() + SETTLED_LOOK_MS < deadline) continue;
      ({ differences } = good(reconciled, 200) as { differences: unknown[] });
      events = await count("SELECT count(*) FROM order_history");
      if (differences.length === 0 && deliveries.orderEvents === events) break;
    }
    findings.push(...differences.map((one) => `difference to the gateway: ${JSON.stringify(one)}`));
    if (deliveries.orderEvents !== events) findings.push(`the webhook receiver has ${deliveries.orderEvents} of ${events} events of orders`);
    findings.push(...deliveries.outOfOrder.slice(0, 20));
    const acknowledged = new Set(traffic.orderIds).size;
    const present = await count("SELECT count(*) FROM orders WHERE id = ANY($1::uuid[])", [traffic.orderIds]);
    const all = await count("SELECT count(*) FROM orders");
    if (present !== acknowledged || all !== acknowledged || traffic.orderIds.length !== acknowledged)
      findings.push(
        `${traffic.orderIds.length} orders were acknowledged, ${acknowledged} different ones; ${present} of them are there, ${all} in all`,
      );
    const { violations } = good(await traffic.operator.get("/admin/audit"), 200) as { violations: unknown[] };
    return [...findings, ...violations.map((one) => `audit: ${JSON.stringify(one)}`)];
  } finally {
    await client.end();
  }
}
