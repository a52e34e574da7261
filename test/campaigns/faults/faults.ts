// Failures of Redis, NATS, a webhook receiver, an instance and the PostgreSQL primary, one after the other, under load. At the end, the
// shop's orders are compared with the responses that buyers got, and the delivered events with the shop's.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { Envelope } from "../../../src/outbox/envelope.ts";
import { startPair } from "../../support/clusters.ts";
import { Load } from "../../support/load.ts";
import { serve } from "../../support/process.ts";
import { type Verification, verifyLoad } from "../../support/verification.ts";
import { freePort, startNats, startRedis } from "../../support/services.ts";
import { Client, good } from "../../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../../support/webhook-receiver.ts";

export type Phase = { name: string; seconds: number; acknowledged: number; longestPauseMs: number; retries: number; coupons: string };
export type Report = {
  buyers: number;
  perSecond: number;
  phases: Phase[];
  verification: Verification;
  violations: unknown[];
  deliveredAfterMs: number;
  crashes: number;
};

export type FaultsOptions = {
  /** Duration of each phase. */
  seconds: number;
  /** Duration of the webhook receiver's failure. */
  sinkSeconds?: number;
  perSecond?: number;
  buyers?: number;
  onPhase?: (phase: Phase) => void;
};

const COUPONS = 20;
const DELIVERED_WITHIN_MS = 180_000;

export async function runFaults({
  seconds,
  sinkSeconds = seconds,
  perSecond = 200,
  buyers = 40,
  onPhase = () => {},
}: FaultsOptions): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "jangnal-faults-"));
  const [pair, redis, nats] = await Promise.all([startPair(), startRedis(), startNats()]);
  const receiver = new WebhookReceiver();
  await receiver.listen();
  const env = {
    DATABASE_URL: pair.url,
    REDIS_URL: redis.url,
    DATA_PLATFORM_URL: `${nats.url}/SHOP,${receiver.url}`,
    DATA_PLATFORM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    BALANCE_FUNDING: "open",
  };
  const ports = [String(await freePort()), String(await freePort())];
  const expected = new Set<unknown>();
  let crashes = 0;
  async function open(i: number): ReturnType<typeof serve> {
    const shop = await serve({ ...env, PORT: ports[i] as string, DATA_DIR: join(folder, `instance-${i}`) });
    // No fault may end an instance, except its own SIGKILL.
    void shop.ended.then(({ output, ...end }) => {
      if (expected.has(shop)) return;
      crashes++;
      console.error(`an instance ended: ${JSON.stringify(end)} ${output.slice(-3000)}`);
    });
    return shop;
  }
  const shops = [await open(0), await open(1)];
  const operator = new Client(shops[0]?.url ?? "", "an-operator", "operator");
  const load = new Load({ instances: () => shops.map(({ url }) => url), operator, buyers, perSecond });
  const phases: Phase[] = [];

  /** One phase under load, in which all buyers also claim the same coupon. */
  async function phase(name: string, forSeconds: number, inject: () => unknown = () => {}): Promise<void> {
    const startedAt = performance.now();
    await inject();
    const coupons = await claimCoupons(load);
    await pause(Math.max(0, forSeconds * 1000 - (performance.now() - startedAt)));
    const done = { name, seconds: (performance.now() - startedAt) / 1000, ...load.lap(), coupons };
    phases.push(done);
    onPhase(done);
  }

  try {
    await load.start();
    await phase("no fault", seconds);
    await phase("Redis killed", seconds, () => redis.kill());
    await phase("Redis restarted, empty", seconds, () => redis.start());
    await phase("Redis stopped (SIGSTOP)", seconds, () => redis.freeze());
    await phase("Redis continued", seconds, () => redis.thaw());
    await phase("NATS killed", seconds, () => nats.kill());
    await phase("NATS restarted", seconds, () => nats.start());
    await phase("webhook receiver responds 500", sinkSeconds, () => (receiver.answer = () => ({ status: 500 })));
    await phase("webhook receiver responds 204", seconds, () => (receiver.answer = () => ({ status: 204 })));
    await phase("one of two instances killed", seconds, () => {
      expected.add(shops[1]);
      shops[1]?.child.kill("SIGKILL");
    });
    await phase("instance restarted", seconds, async () => (shops[1] = await open(1)));
    await phase("PostgreSQL primary killed, standby promoted", seconds, async () => {
      await pair.primary.kill();
      pair.standby.promote();
    });
    await phase("no fault", seconds);
    await load.stop();

    const stoppedAt = performance.now();
    await delivered(pair.standby.url);
    const deliveredAfterMs = performance.now() - stoppedAt;
    const sinks = { nats: await readStream(nats.url, "SHOP"), webhook: receiver.received };
    const verification = await verifyLoad(pair.standby.url, load, sinks);
    const { violations } = good(await operator.get("/admin/audit"), 200);
    return { buyers, perSecond, phases, verification, violations, deliveredAfterMs, crashes };
  } finally {
    await load.stop().catch(() => {});
    for (const shop of shops) {
      expected.add(shop);
      shop.child.kill("SIGTERM");
      await shop.ended;
    }
    await receiver.close();
    await Promise.all([pair.remove(), redis.remove(), nats.remove()]);
    rmSync(folder, { recursive: true, force: true });
  }

  /** Every buyer claims a coupon of a campaign that has fewer. */
  async function claimCoupons(of: Load): Promise<string> {
    let campaign: { id: string } | undefined;
    for (let turn = 0; !campaign; turn++) {
      // The operator retries too, at each instance in turn.
      const { url = "" } = shops[turn % shops.length] ?? {};
      const made = await new Client(url, operator.id, "operator")
        .post("/admin/coupons", { name: "장날 쿠폰", discount: { type: "FIXED", amount: 1 }, totalQuantity: COUPONS })
        .catch(() => undefined);
      if (made?.status === 201) campaign = made.body as { id: string };
      else await pause(50);
    }
    const { id } = campaign;
    const responses = await Promise.all(
      of.userIds.map((userId) => {
        const { token } = new Client("http://unused", userId, "shopper");
        return of.client.send({ method: "POST", path: `/coupons/${id}/issue`, body: {}, key: `${id}/${userId}`, token });
      }),
    );
    return `${responses.filter(({ status }) => status === 201).length} of ${COUPONS}`;
  }
}

/** Resolves when every sink has delivered every event, without waiting or dead deliveries. */
async function delivered(databaseUrl: string): Promise<void> {
  const { Client } = (await import("pg")).default;
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const deadline = Date.now() + DELIVERED_WITHIN_MS; ; await pause(100)) {
      const { rows } = await client.query<{ done: boolean }>(
        "SELECT NOT EXISTS (SELECT FROM sinks s JOIN order_history e ON e.xid > s.position) AND NOT EXISTS (SELECT FROM letters WHERE status <> 'DELIVERED') AS done",
      );
      if (rows[0]?.done) return;
      if (Date.now() > deadline) throw new Error("events are not delivered");
    }
  } finally {
    await client.end();
  }
}

/** All messages of a stream, in order. */
export async function readStream(url: string, stream: string): Promise<Envelope[]> {
  const connection = await connect({ servers: url });
  try {
    const consumer = await jetstream(connection).consumers.get(stream);
    const envelopes: Envelope[] = [];
    for (;;) {
      const before = envelopes.length;
      for await (const message of await consumer.fetch({ max_messages: 500, expires: 1000 })) envelopes.push(message.json());
      if (envelopes.length === before) return envelopes;
    }
  } finally {
    await connection.close();
  }
}
