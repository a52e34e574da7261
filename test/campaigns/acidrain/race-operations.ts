// Concurrent copies of the same request reveal missing isolation: ACIDRain (Warszawski and Bailis, 2017). Every attack runs on two
// instances at once, with or without latency to the database.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Simulator } from "../../../src/gateway/simulator/simulator.ts";
import { FaultProxy } from "../../support/fault-proxy.ts";
import { type Answer, good, openTestShop, type TestShop } from "../../support/shop.ts";
import { ATTACKS as SHOP_ATTACKS, type Scenario } from "./attacks.ts";
import { CATALOG_ATTACKS } from "./catalog-attacks.ts";
import { DROP_ATTACKS } from "./drop-attacks.ts";
import { FULFILMENT_ATTACKS } from "./fulfilment-attacks.ts";
import { PAYMENT_ATTACKS } from "./payment-attacks.ts";

const ATTACKS = [...SHOP_ATTACKS, ...CATALOG_ATTACKS, ...FULFILMENT_ATTACKS, ...DROP_ATTACKS, ...PAYMENT_ATTACKS];

export type RaceOperationsOptions = { copies: number; latencyMs: number };

const SECRET = "test_sk_acidrain";
const KEYS = ["the same key", "different keys", "no key"] as const;

/** Returns the number of requests. Errors: AssertionError if an operation took effect too often or not often enough, or if the audit finds a violation. */
export async function raceOperations({ copies, latencyMs }: RaceOperationsOptions): Promise<number> {
  // Attacks are prepared and checked without the latency.
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
    const prepared = await Promise.all(
      ATTACKS.flatMap((attack) => KEYS.map(async (keys) => ({ attack, keys, scenario: await attack.prepare(shop, copies) }))),
    );
    const answers = await Promise.all(prepared.map(({ scenario, keys }) => send(scenario, keys, instances, copies)));
    for (const [i, { attack, keys, scenario }] of prepared.entries())
      await check(
        `${attack.operationId}${attack.variant === undefined ? "" : ` ${attack.variant}`}, ${copies} copies, ${keys}`,
        scenario,
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

/** These generate load; a UNIQUE index allows one at a time (test/database/constraints.test.ts). */
const NOT_COVERED = new Set(["startRehearsal", "stopRehearsal"]);

/** Asserts that every operation with an Idempotency-Key has an attack. */
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
    mutations.filter((operationId) => !attacked.has(operationId) && !NOT_COVERED.has(operationId)),
    [],
  );
}

function send(scenario: Scenario, keys: (typeof KEYS)[number], instances: TestShop[], copies: number): Promise<Answer[]> {
  const { as, method, path, body } = scenario;
  const shared = randomUUID();
  return Promise.all(
    Array.from({ length: Math.min(copies, scenario.copies ?? copies) }, (_, i) => {
      const headers = keys === "no key" ? {} : { "idempotency-key": keys === "the same key" ? shared : `${shared}-${i}` };
      return as.at(instances[i % instances.length] as TestShop).send(method, path, body, headers);
    }),
  );
}

async function check(what: string, scenario: Scenario, keys: (typeof KEYS)[number], answers: Answer[]): Promise<void> {
  const { maxSuccesses, codes = [], effects, expectedEffects = (successes: number): number => successes } = scenario;
  const succeeded = answers.filter(({ status }) => status < 300);
  const refused = answers.filter(({ status }) => status >= 300).map(({ body }) => String(body.code));
  if (keys === "the same key") {
    const [first] = succeeded;
    assert.ok(first, `${what}: no copy succeeded: ${refused[0]}`);
    for (const { status, text } of answers) assert.deepEqual({ status, text }, { status: first.status, text: first.text }, what);
    assert.equal(await effects(), expectedEffects(1), what);
  } else {
    const expected = Math.min(maxSuccesses, answers.length);
    assert.equal(succeeded.length, expected, `${what}: ${refused.join(", ")}`);
    assert.deepEqual(
      refused.filter((code) => !codes.includes(code)),
      [],
      what,
    );
    assert.equal(await effects(), expectedEffects(expected), what);
  }
}
