// Steady traffic of shoppers, operators and listeners at a shop without faults. Each session is one visit of a shopper. Counts the work
// done and the responses, and remembers the orders.

import { get } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { keyFor, type Webhook } from "../../../src/gateway/simulator/script.ts";
import { type SeededRandom, random } from "../../support/random.ts";
import { type Answer, Client, good, type Json } from "../../support/shop.ts";
import { DropTraffic } from "./drop-traffic.ts";
import type { Work } from "./samples.ts";

export type TrafficOptions = { url: string; seed: number; sessionsPerSecond: number; users: number; streams: number };

const USERS_PER_REQUEST = 1000;
const GRANT = 50_000_000;
const PRODUCTS = 60;
const COUPONS = 40;
const NEW_CAMPAIGN_MS = 30_000;
const OPERATOR_EVERY_MS = 2000;
/** Of a request whose connection is reset. */
const ATTEMPTS = 5;
/** Orders that wait for an operator who ships or refunds them. */
const UNSHIPPED = 50;
/** An order expires after a minute. */
const CONFIRMS = ["ok", "ok", "ok", "ok", "decline", "decline", "lost", "timeout", "error"];
const WEBHOOKS: Webhook[] = ["after", "before", "twice", "disorder", "never"];
const JOBS = ["aggregate-sales", "snapshot-popular", "purge", "expire-coupons", "relay-events", "close-journal"];
const READS = [
  "/admin/orders?limit=50",
  "/admin/orders?status=COMPLETED&q=20",
  "/admin/users?q=%EC%86%90",
  "/admin/events?status=WAITING",
  "/admin/jobs",
  "/drops?limit=20",
  "/coupons?limit=50",
  "/admin/journal",
  "/admin/payments/attention",
  "/admin/returns?status=REQUESTED",
  "/admin/products?limit=100",
];
/** Refusals that a shopper may get; BUSY and UNAVAILABLE are counted. Each other answer from 400 on is a finding. */
const REFUSALS = new Set([
  "BUSY",
  "UNAVAILABLE",
  "BALANCE_INSUFFICIENT",
  "COUPON_ALREADY_ISSUED",
  "COUPON_CLOSED",
  "COUPON_SOLD_OUT",
  "COUPON_UNUSABLE",
  "CART_ITEM_DUPLICATE",
  "CART_ITEM_NOT_FOUND",
  "DROP_ALREADY_ENTERED",
  "DROP_CLOSED",
  "DROP_ENTRY_ORDERED",
  "DROP_ENTRY_REQUIRED",
  "DROP_LIMIT_EXCEEDED",
  "DROP_SOLD_OUT",
  "ENTRY_NOT_FOUND",
  "ORDER_NOT_CANCELLABLE",
  "ORDER_NOT_PAYABLE",
  "ORDER_NOT_REFUNDABLE",
  "ORDER_NOT_RETURNABLE",
  "ORDER_NOT_SHIPPABLE",
  "PAYMENT_DECLINED",
  "PAYMENT_IN_PROGRESS",
]);

export class Traffic {
  readonly work: Work = { requests: 0, orders: 0, drops: 0, streams: 0 };
  readonly orderIds: string[] = [];
  /** Answers by method, kind of path and code. */
  readonly answers = new Map<string, number>();
  readonly findings: string[] = [];
  readonly rng: SeededRandom;
  readonly operator: Client;
  users: Client[] = [];
  readonly #options: TrafficOptions;
  readonly #products: string[] = [];
  readonly #unshipped: string[] = [];
  #campaignId = "";
  #number = 0;
  #stopped = false;
  #running: Promise<unknown>[] = [];

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.rng = random(options.seed);
    this.operator = new Client(options.url, "an-operator", "operator");
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  async start(): Promise<void> {
    const { users, streams } = this.#options;
    while (this.users.length < users) await this.#addUsers(Math.min(USERS_PER_REQUEST, users - this.users.length));
    const products = Array.from({ length: PRODUCTS }, (_, i) => ({ name: `사과 ${i}`, price: 100 + 10 * i, stock: 1_000_000, tags: ["soak"] }));
    const made = good(await this.operator.post("/admin/products", { products }), 201).products as { id: string }[];
    this.#products.push(...made.map(({ id }) => id));
    const drops = new DropTraffic(this);
    this.#running = [
      this.#runSessions(),
      this.#runOperator(),
      this.#runFulfilment(),
      this.#runCampaigns(),
      drops.run(),
      ...Array.from({ length: streams }, () => this.#runListener(drops)),
    ].map((part) => part.catch((error: unknown) => void this.findings.push(`the traffic failed: ${String(error)}`.slice(0, 500))));
  }

  /** Resolves when all requests have been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  /** Sends a request, and counts it. Undefined if it was refused; a refusal that no shopper may get is a finding. */
  async send(client: Client, method: string, path: string, body?: unknown, key = `soak-${this.#number++}`): Promise<Json> {
    let answer: Answer;
    try {
      answer = await afterResets(() => client.send(method, path, body, method === "GET" ? {} : { "idempotency-key": key }));
    } catch (error) {
      this.findings.push(`${method} ${path}: ${(error as Error).message}`.slice(0, 500));
      return undefined;
    }
    this.work.requests++;
    const code = answer.status < 400 ? String(answer.status) : (answer.body.code as string);
    const kind = this.#count(method, path, code);
    if (answer.status < 400) return answer.body;
    // Another session of the same user may have ordered the cart first.
    const hasEmptyCart = code === "INVALID_REQUEST" && isDeepStrictEqual(body, { fromCart: true });
    if (!REFUSALS.has(code) && !hasEmptyCart) this.findings.push(`${kind}: ${answer.text}`.slice(0, 500));
    return undefined;
  }

  /** Returns the kind of the request. */
  #count(method: string, path: string, code: string): string {
    const kind = `${method} ${path.replace(/\?.*/, "").replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…")}`;
    this.answers.set(`${kind} ${code}`, (this.answers.get(`${kind} ${code}`) ?? 0) + 1);
    return kind;
  }

  remember(order: { orderId: string; status: string }): void {
    this.orderIds.push(order.orderId);
    this.work.orders++;
    if (order.status === "COMPLETED" && this.#unshipped.length < UNSHIPPED) this.#unshipped.push(order.orderId);
  }

  card(): string {
    const script = { confirm: [this.rng.pick(CONFIRMS)], webhook: this.rng.pick(WEBHOOKS) };
    return keyFor(script, `soak-${this.#options.seed}-${this.#number++}`);
  }

  async #addUsers(count: number): Promise<void> {
    const { users } = good(await this.operator.post("/admin/users", { users: Array.from({ length: count }, () => ({ name: "손님" })) }), 201);
    const grants = (users as { id: string }[]).map(({ id }) => ({ userId: id, amount: GRANT, reason: "soak" }));
    good(await this.operator.post("/admin/balances/grant", { grants }), 200);
    this.users.push(...grants.map(({ userId }) => new Client(this.#options.url, userId, "shopper")));
  }

  async #runSessions(): Promise<void> {
    const sessions = new Set<Promise<void>>();
    const everyMs = 1000 / this.#options.sessionsPerSecond;
    const visits = [
      this.#browse,
      this.#browse,
      this.#buy,
      this.#buy,
      this.#buyWithCoupon,
      this.#buyByCard,
      this.#buyByCard,
      this.#charge,
      this.#buyCart,
      this.#readAccount,
    ];
    for (let next = performance.now() + everyMs; !this.#stopped; next += everyMs) {
      await pause(Math.max(0, next - performance.now()));
      const session = this.rng.pick(visits).call(this, this.rng.pick(this.users));
      sessions.add(session);
      void session.finally(() => sessions.delete(session));
    }
    await Promise.all(sessions);
  }

  async #browse(user: Client): Promise<void> {
    await this.send(user, "GET", "/products?limit=20&sort=price");
    await this.send(user, "GET", `/products/${this.rng.pick(this.#products)}`);
    await this.send(user, "GET", "/products/popular");
    await this.send(user, "GET", "/coupons");
    await this.send(user, "GET", "/drops");
  }

  async #order(user: Client, fields: Record<string, unknown> = {}): Promise<Json> {
    const orderItems = Array.from({ length: 1 + this.rng.below(3) }, () => ({
      productId: this.rng.pick(this.#products),
      quantity: 1 + this.rng.below(2),
    }));
    const key = `soak-order-${this.#number++}`;
    const order = await this.send(user, "POST", "/orders", { orderItems, ...fields }, key);
    if (order === undefined) return undefined;
    this.remember(order);
    if (this.rng.chance(0.1)) {
      const again = await this.send(user, "POST", "/orders", { orderItems, ...fields }, key);
      if (again !== undefined && again.orderId !== order.orderId)
        this.findings.push(`order ${order.orderId} was answered as ${again.orderId} under the same key`);
    }
    return order;
  }

  async #buy(user: Client): Promise<void> {
    const order = await this.#order(user, { shippingAddress: { recipient: "손님", phone: "010-0000-0000", postalCode: "04524", line1: "서울" } });
    if (order && this.rng.chance(0.1)) await this.send(user, "POST", `/orders/${order.orderId}/cancel`, {});
  }

  async #buyWithCoupon(user: Client): Promise<void> {
    if (this.#campaignId === "") return this.#buy(user);
    const coupon = await this.send(user, "POST", `/coupons/${this.#campaignId}/issue`, {});
    await this.#order(user, coupon ? { userCouponId: coupon.userCouponId } : {});
  }

  /** A declined order expires after a minute, or is paid from the balance. */
  async #buyByCard(user: Client): Promise<void> {
    const order = await this.#order(user, { payment: { method: "DEFERRED" } });
    if (!order) return;
    const { orderId } = order;
    const paid = await this.send(user, "POST", "/payments", { orderId, method: "CARD", paymentKey: this.card() });
    if (paid === undefined && this.rng.chance(0.5)) await this.send(user, "POST", "/payments", { orderId, method: "BALANCE" });
    await this.send(user, "GET", `/orders/${orderId}`);
    if (paid?.status === "COMPLETED" && this.rng.chance(0.2)) await this.send(user, "POST", `/orders/${orderId}/cancel`, {});
  }

  async #charge(user: Client): Promise<void> {
    const amount = 1000;
    const opened = await this.send(user, "POST", `/users/${user.id}/balance/charges`, { amount });
    if (opened) await this.send(user, "POST", `/users/${user.id}/balance/charge`, { amount, paymentKey: this.card(), chargeId: opened.chargeId });
    await this.send(user, "GET", `/users/${user.id}/balance`);
  }

  async #buyCart(user: Client): Promise<void> {
    const path = `/users/${user.id}/cart`;
    for (let i = 0; i < 2; i++) {
      const item = await this.send(user, "POST", `${path}/items`, { productId: this.rng.pick(this.#products), quantity: 1 });
      if (item && this.rng.chance(0.3)) await this.send(user, "PATCH", `${path}/items/${item.id}`, { quantity: 2 });
    }
    const cart = await this.send(user, "GET", path);
    if (cart?.cartItems.length > 0) {
      const order = await this.send(user, "POST", "/orders", { fromCart: true });
      if (order) this.remember(order);
    }
  }

  async #readAccount(user: Client): Promise<void> {
    await this.send(user, "GET", `/users/${user.id}/balance/transactions`);
    const { orders = [] } = (await this.send(user, "GET", `/users/${user.id}/orders`)) ?? {};
    const [latest] = orders as { orderId: string }[];
    if (latest) await this.send(user, "GET", `/orders/${latest.orderId}/history`);
    await this.send(user, "GET", `/users/${user.id}/coupons?status=ALL`);
  }

  async #runOperator(): Promise<void> {
    for (let i = 0; !this.#stopped; i++, await pause(OPERATOR_EVERY_MS)) {
      await this.send(this.operator, "GET", READS[i % READS.length] as string);
      if (i % 10 === 5) {
        const today = new Date(Date.now() + 9 * 3_600_000).toISOString().slice(0, 10);
        await this.send(this.operator, "GET", `/admin/sales?from=${today}&to=${today}`);
      }
      if (i % 15 === 10) await this.send(this.operator, "POST", `/admin/jobs/${JOBS[((i - 10) / 15) % JOBS.length]}/run`, {});
      if (i % 60 === 59) await this.send(this.operator, "GET", "/admin/audit");
      if (i % 60 === 30) await this.send(this.operator, "GET", "/admin/reconciliation");
      if (i % 30 === 20) await this.#restock();
    }
  }

  async #restock(): Promise<void> {
    const product = await this.send(this.operator, "GET", `/products/${this.rng.pick(this.#products)}`);
    if (product) await this.send(this.operator, "POST", `/admin/variants/${product.variants[0].id}/stock`, { delta: 10, reason: "counted" });
  }

  /** Ships, delivers, takes back and refunds orders. */
  async #runFulfilment(): Promise<void> {
    for (; !this.#stopped; await pause(OPERATOR_EVERY_MS / 2)) {
      const orderId = this.#unshipped.shift();
      if (orderId === undefined) continue;
      const order = `/admin/orders/${orderId}`;
      if (this.rng.chance(0.2)) {
        await this.send(this.operator, "POST", `${order}/refunds`, { reason: "soak" });
        continue;
      }
      await this.send(this.operator, "POST", `${order}/preparing`, {});
      const shipped = await this.send(this.operator, "POST", `${order}/shipments`, { carrier: "CJ대한통운", trackingNumber: "1234" });
      const shipmentId = shipped?.shipments[0]?.shipmentId;
      if (shipmentId !== undefined) await this.send(this.operator, "POST", `${order}/shipments/${shipmentId}/delivered`, {});
      if (!this.rng.chance(0.2)) continue;
      const asked = await this.send(this.operator, "POST", `/orders/${orderId}/returns`, { reason: "단순 변심" });
      if (asked) await this.send(this.operator, "POST", `/admin/returns/${asked.returnId}/receive`, { restock: true });
    }
  }

  /** Another campaign every half minute, and a few new users with it. */
  async #runCampaigns(): Promise<void> {
    for (let i = 0; !this.#stopped; i++) {
      const discount = i % 2 === 0 ? { type: "FIXED", amount: 50 } : { type: "PERCENTAGE", rate: 10 };
      const terms = { name: "장날", discount, totalQuantity: COUPONS, validDays: 1 };
      const campaign = await this.send(this.operator, "POST", "/admin/coupons", terms);
      if (campaign) this.#campaignId = campaign.id;
      if (i > 0) await this.#addUsers(10);
      for (const until = performance.now() + NEW_CAMPAIGN_MS; !this.#stopped && performance.now() < until;) await pause(200);
    }
  }

  /** Watches drops, each stream for a while; ends it, or breaks the connection. Some listeners watch the operators' live figures. */
  async #runListener(drops: DropTraffic): Promise<void> {
    for (; !this.#stopped; await pause(500)) {
      const path = this.rng.chance(0.1) ? "/admin/live" : drops.currentId === undefined ? undefined : `/drops/${drops.currentId}/live`;
      if (path === undefined) continue;
      await this.#listen(path, 2000 + this.rng.below(20_000));
      this.work.streams++;
    }
  }

  #listen(path: string, forMs: number): Promise<void> {
    return new Promise((resolve) => {
      const headers = { authorization: `Bearer ${this.operator.token}` };
      const request = get(new URL(path, this.#options.url), { agent: false, headers }, (response) => {
        const { statusCode = 0 } = response;
        // A browser opens the stream again after 503.
        if (statusCode === 503) this.#count("GET", path, "UNAVAILABLE");
        else if (statusCode !== 200) this.findings.push(`GET ${path}: ${statusCode}`);
        response.resume();
      });
      const end = setTimeout(() => request.destroy(), forMs);
      const check = setInterval(() => this.#stopped && request.destroy(), 200);
      request.on("error", () => {}); // Closed by this client.
      request.on("close", () => {
        clearTimeout(end);
        clearInterval(check);
        resolve();
      });
    });
  }
}

/**
 * The server closes idle connections, now and then in the moment in which this client uses one. Reads, and requests with a key, may be
 * repeated; each repeat may take another idle connection of the same age.
 */
async function afterResets(send: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (attempt === ATTEMPTS || !/ECONNRESET|EPIPE|hang up/.test((error as Error).message)) throw error;
    }
  }
}
