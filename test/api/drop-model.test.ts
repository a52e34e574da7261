// Random steps at a drop with a line, through two instances in turn. A naive model, in plain lists, predicts each response and each entry.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clockAtNoon } from "../support/clock.ts";
import { random } from "../support/random.ts";
import { type Answer, type Client, good, openTestShop, type TestShop } from "../support/shop.ts";

let shops: [TestShop, TestShop];
const clock = clockAtNoon();
before(async () => {
  const shop = await openTestShop();
  shops = [shop, await openTestShop({ beside: shop })];
});
after(async () => {
  for (const shop of shops.toReversed()) await shop.close();
});

const LIMIT = 3;
const STEPS = 120;
const HOLD_MS = 60_000;
type Entry = { number: number; user: number; variant: number; quantity: number; status: string; until: number };

/** One drop as its rules say: free units, entries by number, units that orders keep. */
class Model {
  readonly free: number[];
  readonly entries: Entry[] = [];
  readonly bought: number[];

  constructor(stock: number[], users: number) {
    this.free = [...stock];
    this.bought = Array.from({ length: users }, () => 0);
  }

  last(user: number): Entry | undefined {
    return this.entries.findLast((entry) => entry.user === user);
  }

  enter(user: number, variant: number, quantity: number, now: number): string {
    const last = this.last(user);
    if (last && last.status !== "LEFT" && last.status !== "LAPSED") return "DROP_ALREADY_ENTERED";
    if ((this.bought[user] ?? 0) + quantity > LIMIT) return "DROP_LIMIT_EXCEEDED";
    const entry = { number: this.entries.length + 1, user, variant, quantity, status: "WAITING", until: 0 };
    this.entries.push(entry);
    if ((this.free[variant] ?? 0) >= quantity) this.#hold(entry, now);
    return "201";
  }

  end(entry: Entry, status: string, now: number): void {
    const held = entry.status === "HELD";
    entry.status = status;
    if (held) this.release(entry.variant, entry.quantity, now);
  }

  release(variant: number, quantity: number, now: number): void {
    this.free[variant] = (this.free[variant] ?? 0) + quantity;
    for (const entry of this.entries)
      if (entry.status === "WAITING" && entry.variant === variant && entry.quantity <= (this.free[variant] ?? 0)) this.#hold(entry, now);
  }

  lapse(now: number): void {
    for (const entry of this.entries.filter(({ status, until }) => status === "HELD" && until <= now)) this.end(entry, "LAPSED", now);
  }

  #hold(entry: Entry, now: number): void {
    this.free[entry.variant] = (this.free[entry.variant] ?? 0) - entry.quantity;
    Object.assign(entry, { status: "HELD", until: now + HOLD_MS });
  }
}

const codeOf = ({ status, body }: Answer): string => (status < 300 ? String(status) : body.code);

for (const seed of [1, 2, 3])
  test(`random steps at a drop with a line have the results of its rules, seed ${seed}`, async () => {
    const rng = random(seed);
    const [shop] = shops;
    const stock = [3, 2];
    const product = await shop.product({ variants: stock.map((units, i) => ({ options: { size: `${i}` }, price: 10, stock: units })) });
    const opensAt = new Date(Date.now() - 1000).toISOString();
    const terms = { name: "한정판", productId: product.id, mode: "FIRST_COME", waitlist: true, holdFor: "PT1M", limitPerCustomer: LIMIT, opensAt };
    const { id } = good(await shop.operator.post("/admin/drops", terms), 201);
    const users = await shop.users(7, { balance: 10_000 });
    const model = new Model(stock, users.length);
    const orders: { orderId: string; user: number; variant: number; quantity: number; entry: Entry }[] = [];
    const path = `/drops/${id}/entries`;
    const variantOf = (variant: number): string => product.variants[variant]?.id ?? "";

    const steps = {
      async enter(user: number, as: Client) {
        const [variant, quantity] = [rng.below(2), 1 + rng.below(LIMIT)];
        const answer = await as.post(path, { variantId: variantOf(variant), quantity });
        assert.equal(codeOf(answer), model.enter(user, variant, quantity, Date.now()));
      },
      async leave(user: number, as: Client) {
        const entry = model.last(user);
        const expected = entry === undefined ? "ENTRY_NOT_FOUND" : entry.status === "BOUGHT" ? "DROP_ENTRY_ORDERED" : "204";
        assert.equal(codeOf(await as.delete(`${path}/mine`)), expected);
        if (entry?.status === "HELD" || entry?.status === "WAITING") model.end(entry, "LEFT", Date.now());
      },
      async order(user: number, as: Client) {
        const [variant, quantity, entry] = [rng.below(2), 1 + rng.below(LIMIT), model.last(user)];
        const covers = entry?.status === "HELD" && entry.variant === variant && quantity <= entry.quantity;
        const answer = await as.post("/orders", { orderItems: [{ productId: product.id, variantId: variantOf(variant), quantity }] });
        assert.equal(codeOf(answer), covers ? "201" : "DROP_ENTRY_REQUIRED");
        if (!entry || !covers) return;
        entry.status = "BOUGHT";
        model.bought[user] = (model.bought[user] ?? 0) + quantity;
        if (entry.quantity > quantity) model.release(variant, entry.quantity - quantity, Date.now());
        orders.push({ orderId: answer.body.orderId, user, variant, quantity, entry });
      },
      async cancel() {
        const [order] = orders.splice(rng.below(Math.max(1, orders.length)), 1);
        if (!order) return;
        const { orderId, user, variant, quantity, entry } = order;
        good(await (users[user] as Client).at(shops[rng.below(2) as 0]).post(`/orders/${orderId}/cancel`), 200);
        model.bought[user] = (model.bought[user] ?? 0) - quantity;
        entry.status = "LEFT";
        model.release(variant, quantity, Date.now());
      },
      async add() {
        const variant = rng.below(2);
        good(await shop.operator.post(`/admin/variants/${variantOf(variant)}/stock`, { delta: 1, reason: "model" }), 200);
        model.release(variant, 1, Date.now());
      },
      async lapse() {
        clock.forward(HOLD_MS);
        model.lapse(Date.now());
        for (const deadline = performance.now() + 60_000; performance.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 50))) {
          const { entries } = good(await shop.operator.get(`/admin/drops/${id}/entries?status=LAPSED&limit=100`), 200);
          if (entries.length === model.entries.filter(({ status }) => status === "LAPSED").length) break;
        }
      },
    };
    const kinds = ["enter", "enter", "enter", "enter", "leave", "order", "order", "order", "cancel", "add", "lapse"] as const;
    for (let n = 0; n < STEPS; n++) {
      const user = rng.below(users.length);
      const kind = rng.pick(kinds);
      await steps[kind](user, (users[user] as Client).at(shops[n % 2] as TestShop));
      const { entries } = good(await shop.operator.get(`/admin/drops/${id}/entries?limit=100`), 200);
      const shown = entries.map((entry: { number: number; status: string }) => `${entry.number} ${entry.status}`);
      assert.deepEqual(
        shown,
        model.entries.map(({ number, status }) => `${number} ${status}`),
        `after step ${n}, ${kind}`,
      );
    }
    const { variants } = good(await shop.operator.get(`/products/${product.id}`), 200);
    assert.deepEqual(
      variants.map(({ stock: units }: { stock: number }) => units),
      model.free,
    );
    assert.deepEqual(good(await shop.operator.get("/admin/audit"), 200).violations, []);
  });
