// Goes back to a point in the middle of a drop: sells, takes a base backup, sells on, notes the point, sells on, restores to the point,
// starts the shop, sells on, and compares.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { audit } from "../../../src/audit/audit.ts";
import { Database } from "../../../src/database/pool.ts";
import type { Acknowledged } from "../../support/clients.ts";
import { Clients } from "../../support/clients.ts";
import type { Cluster } from "../../support/clusters.ts";
import { DropClients } from "../../support/drop-clients.ts";
import { serve } from "../../support/process.ts";
import { freePort } from "../../support/services.ts";
import { Client, good } from "../../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../../support/webhook-receiver.ts";
import { ArchivedCluster, type Method, type Target } from "./archive.ts";
import { type AtThePoint, compareDeliveries, readPoint, verifyDrops, verifyKeys } from "./compare.ts";

/** `log`: the archive ends before the point. `positions`: sinks start from the beginning. `ids`: the shop does not notice the restore. */
export type Control = "log" | "positions" | "ids";
export type RestoreOptions = { seed: number; method: Method; target: Target["kind"]; clients: number; control?: Control | undefined };

/** Without faults, `findings` is empty. */
export type Restored = {
  acknowledged: number;
  lostAnswers: number;
  eventsAtThePoint: number;
  eventsLost: number;
  eventsAgain: number;
  eventsAfterwards: number;
  entries: number;
  unknownPayments: number;
  findings: string[];
};

const SETTINGS = {
  BALANCE_FUNDING: "gateway",
  DEMO: "off",
  // Long enough that orders wait for their payment at the point, and are paid or cancelled in one history and expire in the other.
  ORDER_EXPIRES_AFTER: "PT3S",
  PAYMENT_GATEWAY_URL: "simulator",
  PAYMENT_SETTLE_AFTER_MS: "100",
  PAYMENT_GIVE_UP_AFTER_MS: "2000",
};
const QUIET_WITHIN_MS = 180_000;
/** At most as many as `REQUESTS_AT_ONCE`, so that their cancellations are not repeated in the restored history. */
const UNPAID_ORDERS = 3;
/** Requests that one caller has under way at the same time. */
const REQUESTS_AT_ONCE = 4;

export async function restoreRun({ seed, method, target, clients: count, control }: RestoreOptions): Promise<Restored> {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-restore-"));
  const receiver = new WebhookReceiver();
  await receiver.listen();
  const archived = await ArchivedCluster.start(method);
  const port = String(await freePort());
  const open = (url: string): ReturnType<typeof serve> =>
    serve({
      ...SETTINGS,
      PORT: port,
      DATABASE_URL: url,
      DATA_DIR: folder,
      DATA_PLATFORM_URL: receiver.url,
      DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    });
  const running: Awaited<ReturnType<typeof serve>>[] = [];
  const end = async (): Promise<void> => {
    const shop = running.pop();
    shop?.child.kill("SIGTERM");
    await shop?.ended;
  };
  let restored: Cluster | undefined;
  try {
    running.push(await open(archived.cluster.url));
    const lost = await sellToThePoint({ url: running[0]?.url ?? "", seed, count, archived, receiver, target });
    await end();
    await archived.archiveAll();
    if (control === "log") archived.loseLog(lost.segments);
    await archived.cluster.kill();
    restored = await archived.restoreTo(lost.point);
    const atThePoint = await readPoint(restored.url);
    if (control === "positions") await restored.query("UPDATE sinks SET position = '0'");
    if (control === "ids") await restored.query("UPDATE stored_settings SET value = cluster_timeline() WHERE name = 'cluster'");
    const known = receiver.received.splice(0);
    const findings = (await violationsOf(restored.url)).map((violation) => `before the start: ${violation}`);
    running.push(await open(restored.url));
    return await sellOn({ url: running[0]?.url ?? "", seed, count, lost, atThePoint, known, receiver, restored, findings });
  } finally {
    await end();
    await receiver.close();
    await archived.remove();
    await restored?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Lost = { acknowledged: Acknowledged[]; before: number; returned: number; point: Target; segments: number };

async function sellToThePoint({ url, seed, count, archived, receiver, target }: SellOptions): Promise<Lost> {
  const clients = new Clients(url, seed);
  const dropClients = new DropClients(clients, url, seed);
  await clients.start(count);
  await dropClients.start(count);
  await clients.more(count * 10);
  await archived.backUp();
  await archived.archiveAll();
  const { segments } = archived;
  await clients.more(count * 20);
  await someDelivered(archived.cluster.url);
  // At the point some events wait, because the receiver was unavailable.
  receiver.answer = () => ({ status: 503 });
  await clients.more(count * 5);
  const { point, before, returned } = await pointWithUnpaidOrders(url, clients, () => pointOf(archived.cluster, target));
  receiver.answer = () => ({ status: 204 });
  await clients.more(count * 20);
  await Promise.all([clients.stop(), dropClients.stop()]);
  await quiet(url);
  return { acknowledged: clients.acknowledged, before, returned, point, segments };
}

type SellOptions = {
  url: string;
  seed: number;
  count: number;
  archived: ArchivedCluster;
  receiver: WebhookReceiver;
  target: Target["kind"];
};

/** Resolves when the sink's position covers an event. */
async function someDelivered(databaseUrl: string): Promise<void> {
  for (const deadline = Date.now() + QUIET_WITHIN_MS; ; await pause(200)) {
    if ((await readPoint(databaseUrl)).events.some(({ delivered }) => delivered)) return;
    if (Date.now() > deadline) throw new Error("no event was delivered");
  }
}

/**
 * A point at which orders wait for their payment that are cancelled right after it. They expire in the restored history, so that an order
 * has the same number of events in both, with different types.
 */
async function pointWithUnpaidOrders(url: string, clients: Clients, take: () => Promise<Target>): Promise<Omit<Lost, "acknowledged" | "segments">> {
  const operate = clients.senderFor(new Client(url, "an-operator", "operator"));
  const [user] = good(await operate("POST", "/admin/users", { users: [{ name: "미결제" }] }), 201).users;
  const send = clients.senderFor(new Client(url, user.id, "shopper"));
  const orderItems = [{ productId: clients.products[0]?.id, quantity: 1 }];
  for (;;) {
    const orderIds: string[] = [];
    for (let i = 0; i < UNPAID_ORDERS; i++)
      orderIds.push(good(await send("POST", "/orders", { orderItems, payment: { method: "DEFERRED" } }), 201).orderId);
    const before = clients.acknowledged.length;
    const point = await take();
    const returned = clients.acknowledged.length;
    const cancelled = await Promise.all(orderIds.map((orderId) => send("POST", `/orders/${orderId}/cancel`, {})));
    // An order that could be cancelled after the point was unpaid at the point. On a slow machine all may have expired before.
    if (cancelled.some(({ status }) => status === 200)) return { point, before, returned };
  }
}

async function pointOf(cluster: Cluster, kind: Target["kind"]): Promise<Target> {
  const text = { time: "clock_timestamp()", xid: "pg_current_xact_id()", lsn: "pg_current_wal_insert_lsn()" }[kind];
  const [row] = await cluster.query(`SELECT ${text}::text AS value`);
  return { kind, value: String(row?.["value"]) };
}

type Afterwards = {
  url: string;
  seed: number;
  count: number;
  lost: Lost;
  atThePoint: AtThePoint;
  known: WebhookReceiver["received"];
  receiver: WebhookReceiver;
  restored: Cluster;
  findings: string[];
};

async function sellOn({ url, seed, count, lost, atThePoint, known, receiver, restored, findings }: Afterwards): Promise<Restored> {
  const keys = await verifyKeys(url, lost, REQUESTS_AT_ONCE);
  const clients = new Clients(url, seed + 500_000);
  const dropClients = new DropClients(clients, url, seed + 500_000);
  await clients.start(count);
  await dropClients.start(count);
  await clients.more(count * 15);
  await Promise.all([clients.stop(), dropClients.stop()]);
  const operator = new Client(url, "an-operator", "operator");
  // The unpaid orders of the point expire.
  await restored.query("SELECT pg_sleep(3)");
  while ((await operator.post("/admin/jobs/expire-orders/run")).status === 503) await pause(50);
  await quiet(url);
  const deliveries = await compareDeliveries(restored.url, atThePoint, known, receiver.received);
  const drops = await verifyDrops(restored.url);
  const afterwards = (await violationsOf(restored.url)).map((violation) => `afterwards: ${violation}`);
  const reconciled = await operator.get("/admin/reconciliation");
  return {
    acknowledged: lost.acknowledged.length,
    lostAnswers: keys.lost,
    ...deliveries.counts,
    entries: drops.entries,
    unknownPayments: reconciled.status === 200 ? reconciled.body.differences.length : -1,
    findings: [...findings, ...keys.findings, ...deliveries.findings, ...drops.findings, ...afterwards],
  };
}

/** Resolves when no event waits. */
async function quiet(url: string): Promise<void> {
  const operator = new Client(url, "an-operator", "operator");
  for (const deadline = Date.now() + QUIET_WITHIN_MS; ; await pause(200)) {
    const run = await operator.post("/admin/jobs/relay-events/run");
    if (run.status !== 503) good(run, 200);
    if (good(await operator.get("/admin/events?status=WAITING&limit=1"), 200).events.length === 0) return;
    if (Date.now() > deadline) throw new Error("events wait for too long");
  }
}

async function violationsOf(url: string): Promise<string[]> {
  const database = new Database(url, { size: 1, onError: () => {} });
  try {
    return (await audit(database, "Asia/Seoul")).violations.map((violation) => JSON.stringify(violation));
  } finally {
    await database.close();
  }
}
