// Customers who do everything that can be done in the shop, whatever happens to it, and remember what they were told. Each request has a
// key of its own and is asked again until there is an answer that stands.

import { setTimeout as pause } from "node:timers/promises";
import { keyFor } from "../../../src/gateway/simulator/script.ts";
import { RetryingClient, type ClientRequest } from "../../support/retrying-client.ts";
import { type SeededRandom, random } from "../../support/random.ts";
import { type Answer, Client, good } from "../../support/shop.ts";

/** An answer that stands, and what it was given to. */
export type Told = { caller: string; wish: ClientRequest; status: number; text: string };
/** An order as its customer knows it. */
export type Known = { userId: string; status: string; refundedAmount: number };
export type Product = { id: string; variants: { id: string; stock: number }[] };

export const GRANTED = 200_000;
const STOCK = 100_000;
const PRICES = [100, 250, 1000];
const COUPONS = 6;
const CONFIRMS = ["ok", "ok", "ok", "decline", "lost", "cut", "timeout", "drop", "error"];
const CANCELS = ["ok", "ok", "lost", "cut", "error"];
/** Of the shop's jobs, by name. */
const JOBS = ["aggregate-sales", "snapshot-popular", "expire-orders", "expire-coupons", "settle-payments", "relay-events", "purge"];
/** A round is to be of several, and the disk is shared with others. */
const THINK_MS = 40;

type Line = { productId: string; quantity: number };
type Order = {
  orderId: string;
  status: string;
  refundedAmount: number;
  orderItems: { variantId: string; quantity: number; refundedQuantity: number }[];
};

export class Clients {
  readonly told: Told[] = [];
  readonly orders = new Map<string, Known>();
  /** What an operator has added to or taken from a variant. */
  readonly adjusted = new Map<string, number>();
  readonly asker: RetryingClient;
  readonly userIds: string[] = [];
  products: Product[] = [];
  readonly campaignIds: string[] = [];
  readonly #operator: Client;
  readonly #seed: number;
  #number = 0;
  #stopped = false;
  #shopping: Promise<unknown> = Promise.resolve();

  constructor(url: string, seed: number) {
    this.asker = new RetryingClient(() => [url]);
    this.#operator = new Client(url, "an-operator", "operator");
    this.#seed = seed;
  }

  /** Fills the shop and begins. */
  async start(count: number): Promise<void> {
    const users = { users: Array.from({ length: count }, () => ({ name: "손님" })) };
    this.userIds.push(...(good(await this.#operate("POST", "/admin/users", users), 201).users as { id: string }[]).map(({ id }) => id));
    const grants = this.userIds.map((userId) => ({ userId, amount: GRANTED, reason: "to begin with" }));
    good(await this.#operate("POST", "/admin/balances/grant", { grants }), 200);
    const products = { products: PRICES.map((price, i) => ({ name: `사과 ${i}`, price, stock: STOCK })) };
    this.products = good(await this.#operate("POST", "/admin/products", products), 201).products;
    const all = [...this.userIds.map((id, i) => this.#shop(id, random(this.#seed + i))), this.#keepShop(random(this.#seed + count)), this.#runJobs()];
    this.#shopping = Promise.all(all);
    this.#shopping.catch(() => {}); // Whoever waits for the end hears of it.
  }

  /** Resolves when so many more answers have been given. */
  async more(count: number): Promise<void> {
    for (const goal = this.told.length + count; this.told.length < goal;) await pause(5);
  }

  /** Nobody begins anything new; resolves when everybody knows what became of what they had begun. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#shopping;
  }

  async #shop(userId: string, dice: SeededRandom): Promise<void> {
    const ask = this.#hands(new Client("http://unused", userId, "shopper"));
    const acts = [this.#buy, this.#buy, this.#buyLater, this.#buyLater, this.#buyCart, this.#charge];
    while (!this.#stopped) {
      await dice.pick(acts).call(this, userId, dice, ask);
      await pause(dice.below(THINK_MS * 2));
    }
  }

  async #buy(userId: string, dice: SeededRandom, ask: Ask): Promise<void> {
    const coupon = dice.chance(0.3) ? await this.#claim(userId, dice, ask) : {};
    const order = await this.#order(userId, ask, { orderItems: this.#lines(dice), ...coupon });
    if (order && dice.chance(0.4)) await this.#undo(order, dice, ask);
  }

  /** Placed now; paid by card or from the balance, cancelled, or left to expire. */
  async #buyLater(userId: string, dice: SeededRandom, ask: Ask): Promise<void> {
    const coupon = dice.chance(0.2) ? await this.#claim(userId, dice, ask) : {};
    const order = await this.#order(userId, ask, { orderItems: this.#lines(dice), payment: { method: "DEFERRED" }, ...coupon });
    if (!order || dice.chance(0.15)) return;
    if (dice.chance(0.15)) return this.#undo(order, dice, ask);
    const { orderId } = order;
    const means = dice.chance(0.8) ? { method: "CARD", paymentKey: this.#card(dice) } : { method: "BALANCE" };
    const paid = await ask("POST", "/payments", { orderId, ...means });
    if (paid.status !== 201) return;
    this.#know(orderId, "COMPLETED", 0);
    if (dice.chance(0.4)) await this.#undo(order, dice, ask);
  }

  async #buyCart(userId: string, dice: SeededRandom, ask: Ask): Promise<void> {
    const path = `/users/${userId}/cart/items`;
    for (const line of this.#lines(dice)) {
      const added = await ask("POST", path, line);
      if (added.status !== 201) continue;
      if (dice.chance(0.3)) await ask("PATCH", `${path}/${added.body.id}`, { quantity: 1 + dice.below(3) });
      if (dice.chance(0.1)) await ask("DELETE", `${path}/${added.body.id}`);
    }
    await this.#order(userId, ask, { fromCart: true });
  }

  async #charge(userId: string, dice: SeededRandom, ask: Ask): Promise<void> {
    await ask("POST", `/users/${userId}/balance/charge`, { amount: 100 + dice.below(1000), paymentKey: this.#card(dice) });
  }

  async #claim(userId: string, dice: SeededRandom, ask: Ask): Promise<{ userCouponId?: string }> {
    if (this.campaignIds.length === 0) return {};
    const claimed = await ask("POST", `/coupons/${dice.pick(this.campaignIds.slice(-3))}/issue`, {});
    return claimed.status === 201 ? { userCouponId: claimed.body.userCouponId } : {};
  }

  /** All of it back, or some of it. */
  async #undo(order: Order, dice: SeededRandom, ask: Ask): Promise<void> {
    const { orderId, orderItems } = order;
    const [{ variantId = "" } = {}] = orderItems;
    const undone = dice.chance(0.5)
      ? await ask("POST", `/orders/${orderId}/cancel`, {})
      : await this.#operate("POST", `/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "torture" });
    if (undone.status === 200) this.#know(orderId, undone.body.status, undone.body.refundedAmount);
  }

  async #order(userId: string, ask: Ask, body: unknown): Promise<Order | undefined> {
    const answer = await ask("POST", "/orders", body);
    if (answer.status !== 201) return undefined;
    const order = answer.body as Order;
    this.orders.set(order.orderId, { userId, status: order.status, refundedAmount: order.refundedAmount });
    return order;
  }

  #know(orderId: string, status: string, refundedAmount: number): void {
    Object.assign(this.orders.get(orderId) as Known, { status, refundedAmount });
  }

  #lines(dice: SeededRandom): Line[] {
    return Array.from({ length: 1 + dice.below(2) }, () => ({ productId: dice.pick(this.products).id, quantity: 1 + dice.below(3) }));
  }

  /** A card, and how the gateway behaves that it belongs to. */
  #card(dice: SeededRandom): string {
    return keyFor({ confirm: [dice.pick(CONFIRMS)], cancel: [dice.pick(CANCELS)] }, `${this.#seed}-${this.#number++}`);
  }

  /** New coupons, of which there are fewer than customers, and stock that comes and goes. */
  async #keepShop(dice: SeededRandom): Promise<void> {
    while (!this.#stopped) {
      const expiresAt = new Date(Date.now() + 4000 + dice.below(6000)).toISOString();
      const discount = dice.chance(0.5) ? { type: "FIXED", amount: 50 } : { type: "PERCENTAGE", rate: 10 };
      const campaign = await this.#operate("POST", "/admin/coupons", { name: "장날", discount, totalQuantity: COUPONS, expiresAt });
      // Asked again for too long, it would have run out before it began.
      if (campaign.status === 201) this.campaignIds.push(campaign.body.id);
      const { id = "" } = dice.pick(this.products).variants[0] ?? {};
      const delta = dice.below(21) - 10 || 1;
      good(await this.#operate("POST", `/admin/variants/${id}/stock`, { delta, reason: "counted" }), 200);
      this.adjusted.set(id, (this.adjusted.get(id) ?? 0) + delta);
      await pause(200);
    }
  }

  async #runJobs(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const path = `/admin/jobs/${JOBS[i % JOBS.length]}/run`;
      // A job is not a command: that it ran is not kept under the key.
      const { token } = this.#operator;
      await this.asker.ask({ method: "POST", path, body: {}, key: `job-${this.#number++}`, token });
      await pause(THINK_MS);
    }
  }

  #operate(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.#hands(this.#operator)(method, path, body);
  }

  /** Asks until there is an answer that stands, and remembers it. */
  #hands({ id: caller, token }: Client): Ask {
    return async (method, path, body) => {
      const wish = { method, path, body, key: `${this.#seed}-${this.#number++}`, token };
      for (; ; await pause(THINK_MS * 5)) {
        const answer = await this.asker.ask(wish);
        if (answer.status === 202) continue;
        // What did not fit the clock any more never came to be decided, and is kept for nobody.
        if (answer.body?.code === "INVALID_REQUEST") return answer;
        this.told.push({ caller, wish, status: answer.status, text: answer.text });
        return answer;
      }
    };
  }
}

type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>;
