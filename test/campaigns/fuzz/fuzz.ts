// Draws requests of every operation of the shop's own document and sends them; what the document does not allow is a failure.

import assert from "node:assert/strict";
import fc from "fast-check";
import { audit } from "../../../src/audit/audit.ts";
import { Database } from "../../../src/database/pool.ts";
import { type Client, good, openTestShop, type TestShop } from "../../support/shop.ts";
import { meant, type Operation, type Parameter, type FuzzRequest, fuzzRequests } from "./requests.ts";
import { Sender } from "./sender.ts";
import type { Schema } from "./values.ts";

export type FuzzOptions = { seed: number; runs: number; path?: string | undefined };
/** `tally`: how often which operation gave which status, as in `placeOrder 201`. `unserved`: operations that were never answered with success. */
export type Fuzzed = { requests: number; tally: Map<string, number>; operations: string[]; unserved: string[] };

/** Streams of events go on for as long as somebody listens; test/api/live.test.ts has them. */
const WITHOUT_END = new Set(["watchLive"]);
/** At once: so that what goes wrong only beside others is found too. */
const AT_ONCE = 6;
/** How often what chance has left unserved is asked for as it is meant. */
const MOST_TRIES = 100;

/** Errors: with the smallest requests that are answered as they must not be, and the seed that draws them again; or what the audit found. */
export async function fuzz({ seed, runs, path }: FuzzOptions): Promise<Fuzzed> {
  // Every other seed charges by card.
  const shop = await openTestShop({ env: { BALANCE_FUNDING: seed % 2 === 0 ? "open" : "gateway", DEMO: "on" } });
  try {
    const [one, another] = await shop.users(2, { balance: 100_000_000_000 });
    assert.ok(one && another);
    const sender = new Sender(shop, [one, another]);
    await furnish(shop, sender, [one, another]);
    const { operations, lookup } = read(good(await shop.anyone("GET", "/openapi.json"), 200) as Document);

    const drawn = operations.map((operation) => ({ weight: operation.method === "GET" ? 1 : 3, arbitrary: fuzzRequests(operation, lookup) }));
    let requests = 0;
    const property = fc.asyncProperty(fc.array(fc.oneof(...drawn), { minLength: 1, maxLength: AT_ONCE }), async (wanted) => {
      requests += wanted.length;
      await Promise.all(wanted.map((wish) => sender.send(wish)));
    });
    const result = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }), endOnFailure: false });
    if (result.failed) throw new Error(explain(result, sender), { cause: result.errorInstance });

    await furnish(shop, sender, [one, another]);
    for (const operation of operations)
      for (const wish of fc.sample(meant(operation, lookup), { seed, numRuns: MOST_TRIES })) {
        if (sender.hasServed(operation.operationId)) break;
        requests++;
        await sender.send(wish);
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

/** Something to buy, and for each of these buyers an order that is paid, one that is not, a coupon and something in the cart. */
async function furnish(shop: TestShop, sender: Sender, buyers: Client[]): Promise<void> {
  const product = await shop.product({ stock: 1_000_000 });
  const campaign = await shop.campaign({ totalQuantity: 1000 });
  sender.things.learn("/products", product, []);
  sender.things.learn("/coupons", campaign, []);
  for (const buyer of buyers) {
    const line = { productId: product.id, quantity: 2 };
    for (const method of ["BALANCE", "DEFERRED"])
      sender.things.learn("/orders", good(await buyer.post("/orders", { orderItems: [line], payment: { method } }), 201), []);
    sender.things.learn("/userCoupons", { id: await shop.coupon(buyer), status: "AVAILABLE" }, [buyer.id]);
    sender.things.learn("/items", good(await buyer.post(`/users/${buyer.id}/cart/items`, line), 201), [buyer.id]);
  }
}

function explain({ seed, counterexample, counterexamplePath, numShrinks, errorInstance }: fc.RunDetails<[FuzzRequest[]]>, sender: Sender): string {
  const shown = (counterexample?.[0] ?? []).map((wish) => {
    const { path, headers, body } = sender.concrete(wish);
    const { authorization: _, ...rest } = headers;
    return `  as ${wish.as}: ${wish.method} ${path.slice(0, 500)} ${JSON.stringify(rest)} ${body?.slice(0, 1000) ?? ""}`;
  });
  return [
    `npm run fuzz -- --seed ${seed} --path ${counterexamplePath} (made smaller ${numShrinks} times):`,
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
      .filter(([, { operationId }]) => !WITHOUT_END.has(operationId))
      .map(([method, { operationId, parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        operationId,
        parameters: parameters.map((one): Parameter => (one.$ref === undefined ? one : lookup(one.$ref))),
        body: requestBody?.content["application/json"]?.schema,
      })),
  );
  return { operations, lookup };
}
