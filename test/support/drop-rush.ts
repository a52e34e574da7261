// A crowd at a drop with holds and a line, at several instances: people enter, leave, order, pay, cancel, are declined, or let their
// hold lapse. Its totals are checked all the time.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { overtakenEntries, type Rows, watchBooks } from "./drop-books.ts";
import { good, type Client, type TestShop } from "./shop.ts";
import { random, type SeededRandom } from "./random.ts";

export type RushOptions = {
  shops: readonly TestShop[];
  people: number;
  /** Units of each of two variants. */
  stock: number;
  /** How long a hold lasts, ISO 8601. */
  holdFor: string;
  /** How long people come back, in ms. */
  forMs: number;
  seed: number;
};

/** `samples`: how often the books were read. `late`: the longest time in ms that a hold was seen to outlive its end. */
export type RushReport = { dropId: string; samples: number; late: number; answers: Record<string, number>; entries: Record<string, number> };

const LIMIT = 2;
/** Refusals that a person at a drop may get. */
const EXPECTED = new Set([
  "DROP_ALREADY_ENTERED",
  "DROP_ENTRY_ORDERED",
  "DROP_ENTRY_REQUIRED",
  "DROP_LIMIT_EXCEEDED",
  "DROP_SOLD_OUT",
  "ENTRY_NOT_FOUND",
  "ORDER_NOT_PAYABLE",
  "ORDER_NOT_CANCELLABLE",
  "PAYMENT_DECLINED",
  "PAYMENT_IN_PROGRESS",
  "BUSY",
]);

/** Runs the rush. Errors: AssertionError for books that do not add up, and for an unexpected answer. */
export async function dropRush({ shops, people, stock, holdFor, forMs, seed }: RushOptions): Promise<RushReport> {
  const [shop] = shops as [TestShop];
  const product = await shop.product({
    variants: ["S", "L"].map((size) => ({ options: { size }, price: 100, stock })),
  });
  const variantIds = product.variants.map(({ id }) => id);
  const opensAt = new Date(Date.now() - 1000).toISOString();
  const terms = { name: "한정판", productId: product.id, mode: "FIRST_COME", waitlist: true, holdFor, limitPerCustomer: LIMIT, opensAt };
  const { id: dropId } = good(await shop.operator.post("/admin/drops", terms), 201);
  const users = await shop.users(people, { balance: 100_000 });
  const answers: Record<string, number> = {};
  const rng = random(seed);
  const until = performance.now() + forMs;
  const crowd = users.map((user, i) => {
    const at = shops[i % shops.length] as TestShop;
    return visit({ user: user.at(at), dropId, productId: product.id, variantIds, rng, until, answers });
  });
  const rows: Rows = (text, values = []) => shop.shop.database.rows({ name: createHash("md5").update(text).digest("hex"), text, values });
  const books = watchBooks({ rows, dropId, variantIds, stock, limit: LIMIT });
  await Promise.all(crowd);
  const { samples, late } = await books.stop();
  assert.deepEqual(await overtakenEntries(rows, dropId), [], "entries that were overtaken");
  const counts = await rows<{ status: string; count: number }>(
    "SELECT status, count(*)::int AS count FROM drop_entries WHERE drop_id = $1 GROUP BY 1",
    [dropId],
  );
  return { dropId, samples, late, answers, entries: Object.fromEntries(counts.map(({ status, count }) => [status, count])) };
}

type Visit = {
  user: Client;
  dropId: string;
  productId: string;
  variantIds: string[];
  rng: SeededRandom;
  until: number;
  answers: Record<string, number>;
};

/** One person, who comes back until the end or until the goods are bought. */
async function visit({ user, dropId, productId, variantIds, rng, until, answers }: Visit): Promise<void> {
  const entries = `/drops/${dropId}/entries`;
  const send = async (method: string, path: string, body?: unknown) => {
    const { status, body: answer } = await user.send(method, path, body);
    const code = status < 400 ? String(status) : (answer.code as string);
    answers[`${method} ${path.split("/")[1]} ${code}`] = (answers[`${method} ${path.split("/")[1]} ${code}`] ?? 0) + 1;
    assert.ok(status < 400 || EXPECTED.has(code), `${method} ${path}: ${JSON.stringify(answer)}`);
    return status < 400 ? answer : undefined;
  };
  const roll = (): number => rng.below(1000) / 1000;
  while (performance.now() < until) {
    const quantity = roll() < 0.7 ? 1 : 2;
    const variantId = variantIds[roll() < 0.7 ? 0 : 1] as string;
    await send("POST", entries, { variantId, quantity });
    await pause(roll() * 100);
    const mine = await send("GET", `${entries}/mine`);
    if (mine?.status === "BOUGHT") return;
    const whim = roll();
    if (mine?.status === "WAITING") {
      if (whim < 0.2) await send("DELETE", `${entries}/mine`);
      continue;
    }
    if (mine?.status !== "HELD" || whim < 0.2) continue;
    if (whim < 0.4) {
      await send("DELETE", `${entries}/mine`);
      continue;
    }
    const method = whim < 0.6 ? "BALANCE" : "DEFERRED";
    const taken = roll() < 0.8 ? mine.quantity : 1;
    const order = await send("POST", "/orders", { orderItems: [{ productId, variantId: mine.variantId, quantity: taken }], payment: { method } });
    if (order === undefined) continue;
    if (method === "BALANCE" && whim < 0.5) await send("POST", `/orders/${order.orderId}/cancel`);
    if (method === "BALANCE" || whim > 0.95) continue;
    if (whim < 0.7) await send("POST", `/orders/${order.orderId}/cancel`);
    else if (whim < 0.8) await send("POST", "/payments", { orderId: order.orderId, method: "CARD", paymentKey: `decline-${order.orderId}` });
    else await send("POST", "/payments", { orderId: order.orderId, method: "BALANCE" });
  }
}

/** Eight parallel tries of each person at a direct drop, by lines, variants and instances. Returns the units above the limit. */
export async function limitRush({ shops, people }: { shops: readonly TestShop[]; people: number }): Promise<{ bought: number; above: number }> {
  const [shop] = shops as [TestShop];
  const stock = people * LIMIT;
  const product = await shop.product({ variants: ["S", "L"].map((size) => ({ options: { size }, price: 1, stock })) });
  const [small, large] = product.variants.map(({ id: variantId }) => ({ productId: product.id, variantId, quantity: 1 }));
  const opensAt = new Date(Date.now() - 1000).toISOString();
  const terms = { name: "한정판", productId: product.id, limitPerCustomer: LIMIT, opensAt };
  const { id: dropId } = good(await shop.operator.post("/admin/drops", terms), 201);
  const WAVE = 200;
  for (let done = 0; done < people; done += WAVE) {
    const users = await shop.users(Math.min(WAVE, people - done), { balance: 100 });
    const tries = users.flatMap((user) =>
      Array.from({ length: 8 }, async (_, i) => {
        const buyer = user.at(shops[i % shops.length] as TestShop);
        const { status, body } = await buyer.post("/orders", { orderItems: i % 3 === 0 ? [small, large] : i % 3 === 1 ? [small] : [large] });
        assert.ok(status === 201 || body.code === "DROP_LIMIT_EXCEEDED" || body.code === "BUSY", JSON.stringify(body));
      }),
    );
    await Promise.all(tries);
  }
  const [row] = await shop.shop.database.rows<{ bought: number; above: number }>({
    name: "units above the limit",
    text: `SELECT coalesce(sum(units), 0)::int AS bought, coalesce(sum(greatest(units - $2, 0)), 0)::int AS above
           FROM (SELECT o.user_id, sum((i->>'quantity')::int) AS units FROM drop_sales s JOIN orders o ON o.id = s.order_id
                 CROSS JOIN jsonb_array_elements(o.items) i WHERE s.drop_id = $1 GROUP BY 1) u`,
    values: [dropId, LIMIT],
  });
  return row ?? { bought: 0, above: 0 };
}
