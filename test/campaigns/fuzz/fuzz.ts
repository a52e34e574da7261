// Sends generated requests to every operation of the shop's OpenAPI document. An undocumented response is a failure.

import assert from "node:assert/strict";
import fc from "fast-check";
import { audit } from "../../../src/audit/audit.ts";
import { Database } from "../../../src/database/pool.ts";
import { type Client, good, openTestShop, type TestShop } from "../../support/shop.ts";
import { LINES, validRequests, type Operation, type Parameter, type FuzzRequest, fuzzRequests } from "./requests.ts";
import { prepareSequels } from "./sequels.ts";
import { Sender } from "./sender.ts";
import type { Schema } from "./values.ts";

export type FuzzOptions = { seed: number; runs: number; path?: string | undefined };
/** `tally`: number of responses, by operation and status (`placeOrder 201`). `unserved`: operations that never succeeded. */
export type FuzzReport = { requests: number; tally: Map<string, number>; operations: string[]; unserved: string[] };

/** Endless event streams; test/api/live.test.ts tests them. */
const ENDLESS = new Set(["watchLive", "watchDrop"]);
/** Concurrent requests, to find failures that need concurrency. */
const CONCURRENCY = 6;
/** Valid requests to an operation that has not succeeded by chance. */
const VALID_TRIES = 500;

/** Errors: with the seed and the shrunk requests that got a wrong response, or with the violations that the audit found. */
export async function fuzz({ seed, runs, path }: FuzzOptions): Promise<FuzzReport> {
  // Odd seeds charge by card.
  const shop = await openTestShop({ env: { BALANCE_FUNDING: seed % 2 === 0 ? "open" : "gateway", DEMO: "on" } });
  try {
    const [one, another] = await shop.users(2, { balance: 100_000_000_000 });
    assert.ok(one && another);
    const sender = new Sender(shop, [one, another]);
    await prepare(shop, sender, [one, another]);
    const { operations, lookup } = read(good(await shop.anyone("GET", "/openapi.json"), 200) as Document);

    const drawn = operations.map((operation) => ({ weight: operation.method === "GET" ? 1 : 3, arbitrary: fuzzRequests(operation, lookup) }));
    let requests = 0;
    const property = fc.asyncProperty(fc.array(fc.oneof(...drawn), { minLength: 1, maxLength: CONCURRENCY }), async (batch) => {
      requests += batch.length;
      await Promise.all(batch.map((request) => sender.send(request)));
    });
    const result = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }), endOnFailure: false });
    if (result.failed) throw new Error(explain(result, sender), { cause: result.errorInstance });

    await prepare(shop, sender, [one, another]);
    await prepareSequels(shop, sender, [one, another]);
    for (const operation of operations)
      for (const request of fc.sample(validRequests(operation, lookup), { seed, numRuns: VALID_TRIES })) {
        if (sender.hasServed(operation.operationId)) break;
        requests++;
        await sender.send(request);
      }

    const database = new Database(shop.shop.config.databaseUrl ?? "", { size: 1, onError: () => {} });
    try {
      assert.deepEqual((await audit(database, shop.shop.config.timezone)).violations, []);
    } finally {
      await database.close();
    }
    const names = operations.map(({ operationId }) => operationId);
    return { requests, tally: sender.tally, operations: names, unserved: names.filter((name) => !sender.hasServed(name)) };
  } finally {
    await shop.close();
  }
}

/** Creates a product, a campaign, and for each buyer a paid and an unpaid order, a coupon and a cart item. */
async function prepare(shop: TestShop, sender: Sender, buyers: Client[]): Promise<void> {
  const product = await shop.product({ stock: 1_000_000 });
  const campaign = await shop.campaign({ totalQuantity: 1000 });
  sender.registry.learn("/products", product, []);
  sender.registry.learn("/coupons", campaign, []);
  for (const buyer of buyers) {
    const item = { productId: product.id, quantity: 2 };
    for (const method of ["BALANCE", "DEFERRED"])
      sender.registry.learn("/orders", good(await buyer.post("/orders", { orderItems: [item], payment: { method } }), 201), []);
    sender.registry.learn("/userCoupons", { id: await shop.coupon(buyer), status: "AVAILABLE" }, [buyer.id]);
    sender.registry.learn("/items", good(await buyer.post(`/users/${buyer.id}/cart/items`, item), 201), [buyer.id]);
  }
}

function explain({ seed, counterexample, counterexamplePath, numShrinks, errorInstance }: fc.RunDetails<[FuzzRequest[]]>, sender: Sender): string {
  const shown = (counterexample?.[0] ?? []).map((request) => {
    const { path, headers, body } = sender.concrete(request);
    const { authorization: _, ...rest } = headers;
    return `  as ${request.as}: ${request.method} ${path.slice(0, 500)} ${JSON.stringify(rest)} ${body?.slice(0, 1000) ?? ""}`;
  });
  return [
    `npm run campaign -- fuzz --seed ${seed} --path ${counterexamplePath} (shrunk ${numShrinks} times):`,
    ...shown,
    String(errorInstance).slice(-2000),
  ].join("\n");
}

type Document = {
  paths: Record<
    string,
    Record<string, { operationId: string; parameters?: Parameter[]; requestBody?: { content: Record<string, { schema: Schema }> } }>
  >;
};

function read(document: Document): { operations: Operation[]; lookup: (reference: string) => Schema } {
  const lookup = (reference: string): never =>
    reference
      .slice(2)
      .split("/")
      .reduce((part: unknown, name) => (part as Record<string, unknown>)[name], document) as never;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => !ENDLESS.has(operationId))
      .map(([method, { operationId, parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        operationId,
        parameters: parameters.map((one): Parameter => (one.$ref === undefined ? one : lookup(one.$ref))),
        body: (requestBody?.content["application/json"] ?? requestBody?.content[LINES])?.schema,
        takesLines: requestBody?.content[LINES] !== undefined,
      })),
  );
  return { operations, lookup };
}
