// ACIDRain (Warszawski and Bailis, 2017): what a shop forgets to guard shows when the same request comes many times at once. Every attack falls
// on two instances at the same moment, over a database that answers at once or takes its time.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Simulator } from "../../../src/gateway/simulator/simulator.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { type Answer, good, openTestShop, type TestShop } from "../../support/shop.ts";
import { ATTACKS, type Scene } from "./attacks.ts";

export type RaceOperationsOptions = { copies: number; latencyMs: number };

const SECRET = "test_sk_of_the_rain";
const KEYS = ["the same key", "a key of its own", "no key"] as const;

/** Answers how many requests there were. Errors: AssertionError where anything happened more or less often than it may, or the audit finds anything. */
export async function raceOperations({ copies, latencyMs }: RaceOperationsOptions): Promise<number> {
  // Scenes are set, and judged, without the delay.
  const simulator = new Simulator({ secret: SECRET });
  const env = { PAYMENT_GATEWAY_URL: await simulator.listen(), PAYMENT_GATEWAY_SECRET: SECRET, PAYMENT_GATEWAY_BREAKER_CALLS: "10000" };
  const shop = await openTestShop({ env });
  const proxy = await FaultProxy.open(shop.shop.config.databaseUrl as string);
  const instances: TestShop[] = [];
  try {
    while (instances.length < 2)
      instances.push(await openTestShop({ beside: shop, env: { ...env, DATABASE_URL: proxy.url, LOCK_WAIT_MS: "20000" } }));
    proxy.latencyMs = latencyMs / 2; // In each direction.
    await assertComplete(shop);
    const scenes = await Promise.all(
      ATTACKS.flatMap((attack) => KEYS.map(async (keys) => ({ attack, keys, scene: await attack.open(shop, copies) }))),
    );
    const answers = await Promise.all(scenes.map(({ scene, keys }) => fall(scene, keys, instances, copies)));
    for (const [i, { attack, keys, scene }] of scenes.entries())
      await judge(
        `${attack.operationId}${attack.way === undefined ? "" : ` ${attack.way}`}, ${copies} copies, ${keys}`,
        scene,
        keys,
        answers[i] as Answer[],
      );
    assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
    return answers.flat().length;
  } finally {
    proxy.latencyMs = 0;
    for (const instance of instances) await instance.close();
    await proxy.close();
    await shop.close();
    await simulator.close();
  }
}

/** What would set off load of its own, one at a time over all instances by a UNIQUE index (test/database/constraints.test.ts). */
const ELSEWHERE = new Set(["startRehearsal", "stopRehearsal"]);

/** Whatever takes an Idempotency-Key changes something. */
async function assertComplete(shop: TestShop): Promise<void> {
  const { paths } = good(await shop.anyone("GET", "/openapi.json"), 200) as {
    paths: Record<string, Record<string, { operationId: string; parameters?: { $ref?: string }[] }>>;
  };
  const mutations = Object.values(paths)
    .flatMap((methods) => Object.values(methods))
    .filter(({ parameters = [] }) => parameters.some(({ $ref }) => $ref?.endsWith("IdempotencyKey")))
    .map(({ operationId }) => operationId);
  const attacked = new Set(ATTACKS.map(({ operationId }) => operationId));
  assert.deepEqual(
    mutations.filter((operationId) => !attacked.has(operationId) && !ELSEWHERE.has(operationId)),
    [],
  );
}

function fall(scene: Scene, keys: (typeof KEYS)[number], instances: TestShop[], copies: number): Promise<Answer[]> {
  const { as, method, path, body } = scene;
  const shared = randomUUID();
  return Promise.all(
    Array.from({ length: Math.min(copies, scene.copies ?? copies) }, (_, i) => {
      const headers = keys === "no key" ? {} : { "idempotency-key": keys === "the same key" ? shared : `${shared}-${i}` };
      return as.at(instances[i % instances.length] as TestShop).send(method, path, body, headers);
    }),
  );
}

async function judge(what: string, scene: Scene, keys: (typeof KEYS)[number], answers: Answer[]): Promise<void> {
  const { most, codes = [], happened, times = (successes: number): number => successes } = scene;
  const done = answers.filter(({ status }) => status < 300);
  const refused = answers.filter(({ status }) => status >= 300).map(({ body }) => String(body.code));
  if (keys === "the same key") {
    const [first] = done;
    assert.ok(first, `${what}: nobody had it done, but ${refused[0]}`);
    for (const { status, text } of answers) assert.deepEqual({ status, text }, { status: first.status, text: first.text }, what);
    assert.equal(await happened(), times(1), what);
  } else {
    assert.equal(done.length, most, `${what}: ${refused.join(", ")}`);
    assert.deepEqual(
      refused.filter((code) => !codes.includes(code)),
      [],
      what,
    );
    assert.equal(await happened(), times(most), what);
  }
}
