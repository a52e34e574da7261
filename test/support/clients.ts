// Clients that use every operation of the shop, through any fault, and remember the responses. Each request has its own
// idempotency key and is repeated until there is a final response.

import { setTimeout as pause } from "node:timers/promises";
import { keyFor } from "../../src/gateway/simulator/script.ts";
import { RetryingClient, type ClientRequest } from "./retrying-client.ts";
import { type SeededRandom, random } from "./random.ts";
import { type Answer, Client, good } from "./shop.ts";

/** A final response and its request. */
export type Acknowledged = { caller: string; request: ClientRequest; status: number; text: string };
/** An order as its client knows it. */
type KnownOrder = { userId: string; status: string; refundedAmount: number };
type Product = { id: string; variants: { id: string; stock: number }[] };

/** The balance with which each user starts. */
export const GRANTED = 200_000;
const STOCK = 100_000;
const PRICES = [100, 250, 1000];
const COUPONS = 6;
const CONFIRMS = ["ok", "ok", "ok", "decline", "lost", "cut", "timeout", "drop", "error"];
const CANCELS = ["ok", "ok", "lost", "cut", "error"];
const JOBS = ["aggregate-sales", "snapshot-popular", "expire-orders", "expire-coupons", "settle-payments", "relay-events", "purge"];
/** Mean pause between two requests of a client. Short, so that a round has several commands. */
const THINK_MS = 40;
/** Long, because a busy machine may start processes slowly. */
const RECOVERS_WITHIN_MS = 180_000;

type LineItem = { productId: string; quantity: number };
type Order = {
  orderId: string;
  status: string;
  refundedAmount: number;
  orderItems: { variantId: string; quantity: number; refundedQuantity: number }[];
};

export class Clients {
  readonly acknowledged: Acknowledged[] = [];
  readonly orders = new Map<string, KnownOrder>();
  /** Stock adjustments by the operator, per variant. */
  readonly adjusted = new Map<string, number>();
  readonly client: RetryingClient;
  readonly userIds: string[] = [];
  products: Product[] = [];
  readonly campaignIds: string[] = [];
  readonly #operator: Client;
  readonly #seed: number;
  #number = 0;
  #stopped = false;
  #work: Promise<unknown> = Promise.resolve();

  /** @param isUp without it, requests are sent and repeated while the shop is down, too */
  constructor(url: string, seed: number, isUp = (): boolean => true) {
    this.client = new RetryingClient(() => (isUp() ? [url] : []));
    this.#operator = new Client(url, "an-operator", "operator");
    this.#seed = seed;
  }

  /** Creates users, balances and products, and starts the clients. */
  async start(count: number): Promise<void> {
    const users = { users: Array.from({ length: count }, () => ({ name: "손님" })) };
    this.userIds.push(...(good(await this.#operate("POST", "/admin/users", users), 201).users as { id: string }[]).map(({ id }) => id));
    const grants = this.userIds.map((userId) => ({ userId, amount: GRANTED, reason: "initial balance" }));
    good(await this.#operate("POST", "/admin/balances/grant", { grants }), 200);
    const products = { products: PRICES.map((price, i) => ({ name: `사과 ${i}`, price, stock: STOCK })) };
    this.products = good(await this.#operate("POST", "/admin/products", products), 201).products;
    const all = [
      ...this.userIds.map((id, i) => this.#runShopper(id, random(this.#seed + i))),
      this.#runOperator(random(this.#seed + count)),
      this.#runJobs(),
    ];
    this.#work = Promise.all(all);
    this.#work.catch(() => {}); // `stop` rejects with the error.
  }

  /** Resolves with the ms until this number of further responses was acknowledged. Errors: a shop that does not recover. */
  async more(count: number): Promise<number> {
    const startedAt = performance.now();
    const had = this.acknowledged.length;
    while (this.acknowledged.length < had + count) {
      await pause(5);
      if (performance.now() - startedAt > RECOVERS_WITHIN_MS)
        throw new Error(`only ${this.acknowledged.length - had} responses within ${RECOVERS_WITHIN_MS} ms`);
    }
    return performance.now() - startedAt;
  }

  /** Stops the clients. Resolves when each has the final response to its last request. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async #runShopper(userId: string, rng: SeededRandom): Promise<void> {
    const send = this.senderFor(new Client("http://unused", userId, "shopper"));
    const actions = [this.#buy, this.#buy, this.#buyLater, this.#buyLater, this.#buyCart, this.#charge];
    while (!this.#stopped) {
      await rng.pick(actions).call(this, userId, rng, send);
      await pause(rng.below(THINK_MS * 2));
    }
  }

  async #buy(userId: string, rng: SeededRandom, send: Send): Promise<void> {
    const coupon = rng.chance(0.3) ? await this.#claim(userId, rng, send) : {};
    const order = await this.#order(userId, send, { orderItems: this.#lineItems(rng), ...coupon });
    if (order && rng.chance(0.4)) await this.#undo(order, rng, send);
  }

  /** Places an order, then pays it by card or from the balance, cancels it, or lets it expire. */
  async #buyLater(userId: string, rng: SeededRandom, send: Send): Promise<void> {
    const coupon = rng.chance(0.2) ? await this.#claim(userId, rng, send) : {};
    const order = await this.#order(userId, send, { orderItems: this.#lineItems(rng), payment: { method: "DEFERRED" }, ...coupon });
    if (!order || rng.chance(0.15)) return;
    if (rng.chance(0.15)) return this.#undo(order, rng, send);
    const { orderId } = order;
    const payment = rng.chance(0.8) ? { method: "CARD", paymentKey: this.#card(rng) } : { method: "BALANCE" };
    const paid = await send("POST", "/payments", { orderId, ...payment });
    if (paid.status !== 201) return;
    this.#updateOrder(orderId, "COMPLETED", 0);
    if (rng.chance(0.4)) await this.#undo(order, rng, send);
  }

  async #buyCart(userId: string, rng: SeededRandom, send: Send): Promise<void> {
    const path = `/users/${userId}/cart/items`;
    for (const item of this.#lineItems(rng)) {
      const added = await send("POST", path, item);
      if (added.status !== 201) continue;
      if (rng.chance(0.3)) await send("PATCH", `${path}/${added.body.id}`, { quantity: 1 + rng.below(3) });
      if (rng.chance(0.1)) await send("DELETE", `${path}/${added.body.id}`);
    }
    await this.#order(userId, send, { fromCart: true });
  }

  async #charge(userId: string, rng: SeededRandom, send: Send): Promise<void> {
    const amount = 100 + rng.below(1000);
    const announced = await send("POST", `/users/${userId}/balance/charges`, { amount });
    if (announced.status !== 201) return;
    await send("POST", `/users/${userId}/balance/charge`, { amount, paymentKey: this.#card(rng), chargeId: announced.body.chargeId });
  }

  async #claim(userId: string, rng: SeededRandom, send: Send): Promise<{ userCouponId?: string }> {
    if (this.campaignIds.length === 0) return {};
    const claimed = await send("POST", `/coupons/${rng.pick(this.campaignIds.slice(-3))}/issue`, {});
    return claimed.status === 201 ? { userCouponId: claimed.body.userCouponId } : {};
  }

  /** Cancels the order, or refunds one unit. */
  async #undo(order: Order, rng: SeededRandom, send: Send): Promise<void> {
    const { orderId, orderItems } = order;
    const [{ variantId = "" } = {}] = orderItems;
    const undone = rng.chance(0.5)
      ? await send("POST", `/orders/${orderId}/cancel`, {})
      : await this.#operate("POST", `/admin/orders/${orderId}/refunds`, { items: [{ variantId, quantity: 1 }], reason: "crash test" });
    if (undone.status === 200) this.#updateOrder(orderId, undone.body.status, undone.body.refundedAmount);
  }

  async #order(userId: string, send: Send, body: unknown): Promise<Order | undefined> {
    const response = await send("POST", "/orders", body);
    if (response.status !== 201) return undefined;
    const order = response.body as Order;
    this.orders.set(order.orderId, { userId, status: order.status, refundedAmount: order.refundedAmount });
    return order;
  }

  #updateOrder(orderId: string, status: string, refundedAmount: number): void {
    Object.assign(this.orders.get(orderId) as KnownOrder, { status, refundedAmount });
  }

  #lineItems(rng: SeededRandom): LineItem[] {
    return Array.from({ length: 1 + rng.below(2) }, () => ({ productId: rng.pick(this.products).id, quantity: 1 + rng.below(3) }));
  }

  /** A payment key that scripts the gateway's behavior. */
  #card(rng: SeededRandom): string {
    return keyFor({ confirm: [rng.pick(CONFIRMS)], cancel: [rng.pick(CANCELS)] }, `${this.#seed}-${this.#number++}`);
  }

  /** Creates campaigns with fewer coupons than clients, and adjusts stock. */
  async #runOperator(rng: SeededRandom): Promise<void> {
    while (!this.#stopped) {
      const expiresAt = new Date(Date.now() + 4000 + rng.below(6000)).toISOString();
      const discount = rng.chance(0.5) ? { type: "FIXED", amount: 50 } : { type: "PERCENTAGE", rate: 10 };
      const campaign = await this.#operate("POST", "/admin/coupons", { name: "장날", discount, totalQuantity: COUPONS, expiresAt });
      // Refused if retries took so long that the campaign would expire before it opens.
      if (campaign.status === 201) this.campaignIds.push(campaign.body.id);
      const { id = "" } = rng.pick(this.products).variants[0] ?? {};
      const delta = rng.below(21) - 10 || 1;
      good(await this.#operate("POST", `/admin/variants/${id}/stock`, { delta, reason: "counted" }), 200);
      this.adjusted.set(id, (this.adjusted.get(id) ?? 0) + delta);
      await pause(200);
    }
  }

  async #runJobs(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const path = `/admin/jobs/${JOBS[i % JOBS.length]}/run`;
      // A job run has no idempotency record, so it is not verified.
      const { token } = this.#operator;
      await this.client.send({ method: "POST", path, body: {}, key: `job-${this.#number++}`, token });
      await pause(THINK_MS);
    }
  }

  #operate(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.senderFor(this.#operator)(method, path, body);
  }

  /** Repeats requests until there is a final response, and remembers it. */
  senderFor({ id: caller, token }: Client): Send {
    return async (method, path, body) => {
      const request = { method, path, body, key: `${this.#seed}-${this.#number++}`, token };
      for (; ; await pause(THINK_MS * 5)) {
        const response = await this.client.send(request);
        if (response.status === 202) continue;
        // A malformed request is not stored under its key.
        if (response.body?.code === "INVALID_REQUEST") return response;
        this.acknowledged.push({ caller, request, status: response.status, text: response.text });
        return response;
      }
    };
  }
}

export type Send = (method: string, path: string, body?: unknown) => Promise<Answer>;
