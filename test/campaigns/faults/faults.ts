// Everything that breaks, one after the other, while buyers go on buying: Redis, a broker, a data platform, an instance, the database's
// primary. Afterwards what the shop has is held against what buyers were told, and what the data platforms have against the shop.

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
import { type Verification, verify } from "../../support/verification.ts";
import { freePort, startNats, startRedis } from "../../support/services.ts";
import { Client, good } from "../../support/shop.ts";
import { WEBHOOK_SECRET, WebhookReceiver } from "../../support/webhook-receiver.ts";

export type Phase = { name: string; seconds: number; acknowledged: number; longestPauseMs: number; askedAgain: number; coupons: string };
export type Report = {
  buyers: number;
  perSecond: number;
  phases: Phase[];
  reckoning: Verification;
  violations: unknown[];
  deliveredAfterMs: number;
  crashes: number;
};

export type FaultsOptions = {
  /** How long each fault lasts, and the quiet after it. */
  seconds: number;
  /** How long the data platform answers 500. */
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
    // Nothing that is broken here may end an instance but its own SIGKILL.
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

  /** One stretch of time under load, with a crowd that meets at one coupon in the middle of it. */
  async function phase(name: string, forSeconds: number, begin: () => unknown = () => {}): Promise<void> {
    const beganAt = performance.now();
    await begin();
    const coupons = await crowd(load);
    await pause(Math.max(0, forSeconds * 1000 - (performance.now() - beganAt)));
    const done = { name, seconds: (performance.now() - beganAt) / 1000, ...load.lap(), coupons };
    phases.push(done);
    onPhase(done);
  }

  try {
    await load.start();
    await phase("quiet", seconds);
    await phase("Redis killed", seconds, () => redis.kill());
    await phase("Redis back, empty", seconds, () => redis.start());
    await phase("Redis frozen", seconds, () => redis.freeze());
    await phase("Redis awake", seconds, () => redis.thaw());
    await phase("NATS killed", seconds, () => nats.kill());
    await phase("NATS back", seconds, () => nats.start());
    await phase("the webhook's receiver answers 500", sinkSeconds, () => (receiver.answer = () => ({ status: 500 })));
    await phase("the receiver is well", seconds, () => (receiver.answer = () => ({ status: 204 })));
    await phase("one instance of two SIGKILLed", seconds, () => {
      expected.add(shops[1]);
      shops[1]?.child.kill("SIGKILL");
    });
    await phase("the instance is back", seconds, async () => (shops[1] = await open(1)));
    await phase("the database's primary SIGKILLed, the standby promoted", seconds, async () => {
      await pair.primary.kill();
      pair.standby.promote();
    });
    await phase("quiet", seconds);
    await load.stop();

    const stoppedAt = performance.now();
    await delivered(pair.standby.url);
    const deliveredAfterMs = performance.now() - stoppedAt;
    const sinks = { nats: await readStream(nats.url, "SHOP"), webhook: receiver.received };
    const reckoning = await verify(pair.standby.url, load, sinks);
    const { violations } = good(await operator.get("/admin/audit"), 200);
    return { buyers, perSecond, phases, reckoning, violations, deliveredAfterMs, crashes };
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

  /** Every buyer claims the same coupon, of which there are fewer. */
  async function crowd(of: Load): Promise<string> {
    let campaign: { id: string } | undefined;
    for (let turn = 0; !campaign; turn++) {
      // The operator is somebody who asks again too, now here, now there.
      const { url = "" } = shops[turn % shops.length] ?? {};
      const made = await new Client(url, operator.id, "operator")
        .post("/admin/coupons", { name: "장날 쿠폰", discount: { type: "FIXED", amount: 1 }, totalQuantity: COUPONS })
        .catch(() => undefined);
      if (made?.status === 201) campaign = made.body as { id: string };
      else await pause(50);
    }
    const { id } = campaign;
    const answers = await Promise.all(
      of.userIds.map((userId) => {
        const { token } = new Client("http://unused", userId, "shopper");
        return of.asker.ask({ method: "POST", path: `/coupons/${id}/issue`, body: {}, key: `${id}/${userId}`, token });
      }),
    );
    return `${answers.filter(({ status }) => status === 201).length} of ${COUPONS}`;
  }
}

/** Resolves when every sink is past every event, and nothing waits or lies dead. */
async function delivered(databaseUrl: string): Promise<void> {
  const { Client } = (await import("pg")).default;
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const deadline = Date.now() + DELIVERED_WITHIN_MS; ; await pause(100)) {
      const { rows } = await client.query<{ done: boolean }>(
        "SELECT NOT EXISTS (SELECT FROM sinks s JOIN order_events e ON e.xid > s.position) AND NOT EXISTS (SELECT FROM letters WHERE status <> 'DELIVERED') AS done",
      );
      if (rows[0]?.done) return;
      if (Date.now() > deadline) throw new Error("events are not delivered");
    }
  } finally {
    await client.end();
  }
}

/** Everything in a stream, in its order. */
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
