// Randomized runs of card payments, charges and refunds. Each run has a faulty gateway, a process that dies at a chosen point, clients
// that repeat unanswered requests, and competing requests. Afterwards the gateway's ledger must equal the shop's, and each payment must
// have had its effect exactly once. The seed determines the run.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { SettlementSettings } from "../../../src/config.ts";
import { chargeStatus } from "../../../src/balance/charge-status.ts";
import { startCharge } from "../../../src/balance/start-charge.ts";
import type { Statement } from "../../../src/database/statement.ts";
import { Database } from "../../../src/database/pool.ts";
import { createSettlers, type Settlers } from "../../../src/settlement/settlement.ts";
import { GatewayCancels } from "../../../src/settlement/gateway-cancels.ts";
import { SettlementWorker } from "../../../src/settlement/settlement-worker.ts";
import type { Failpoint } from "../../../src/settlement/settler.ts";
import { type Gateway, GatewayUnknown } from "../../../src/gateway/gateway.ts";
import { keyFor, WEBHOOKS } from "../../../src/gateway/simulator/script.ts";
import { Simulator } from "../../../src/gateway/simulator/simulator.ts";
import { TossGateway } from "../../../src/gateway/toss/toss.ts";
import type { KeyedResponse } from "../../../src/idempotency/idempotent-command.ts";
import { execute, type Submission } from "../../../src/http/submission.ts";
import { submitTwoPhase } from "../../../src/idempotency/two-phase.ts";
import { OrderCache } from "../../../src/order/order-cache.ts";
import { NO_VIEWER } from "../../../src/order/order-view.ts";
import { refundOrder } from "../../../src/order/refund/refund-order.ts";
import { paymentStatus } from "../../../src/order/payment/payment-view.ts";
import { startCardPayment } from "../../../src/order/payment/start-card-payment.ts";
import { Refusal } from "../../../src/refusal.ts";
import { PostgresStore } from "../../../src/till/postgres-store.ts";
import { LocalTill, type Till } from "../../../src/till/till.ts";
import { type SeededRandom, random } from "../../support/random.ts";
import { type Client, good, openTestShop, type TestShop } from "../../support/shop.ts";
import { NO_DROPS } from "../../support/no-drops.ts";

const SECRET = "test_sk_of_the_chaos";
const TIMEOUT_MS = 120;
const SETTINGS: SettlementSettings = { timeoutMs: TIMEOUT_MS, settleAfterMs: 2, giveUpAfterMs: 250 };
/**
 * The checker limits tries, not seconds: on a busy machine most calls exceed `TIMEOUT_MS`. So a run that does not end gets more patient
 * with each `TRIES_PER_PATIENCE` tries, until a call that the script does not delay has time to be answered.
 */
const MOST_TRIES = 200;
const TRIES_PER_PATIENCE = 10;
const MOST_TIMEOUT_MS = 8000;
/** Longer than `giveUpAfterMs`, so that a late capture arrives after the payment has failed. */
const LATE_MS = 400;
const BALANCE_MAX = 1_000_000_000;
const PRICE = 1000;
const STOCK = 50;

/** The point at which a process dies: a failpoint, or a gateway call in progress. */
type Death = Failpoint | "during confirm" | "during cancel" | "during find" | "never";
const DEATHS: Death[] = [
  "never",
  "payment started",
  "payment answered",
  "refund started",
  "refund answered",
  "charge started",
  "charge answered",
  "during confirm",
  "during cancel",
  "during find",
];
const CONFIRM = ["ok", "ok", "decline", "slow", "error", "provider", "drop", "silent", "late", "lost", "cut", "timeout"];
const CANCEL = ["ok", "ok", "slow", "error", "provider", "drop", "silent", "late", "lost", "cut", "timeout", "decline"];
const FIND = ["ok", "ok", "ok", "error", "drop", "silent", "slow"];

const TABLES = ["payments", "refunds", "card_charges", "stray_money"];

/** Due rows of this run only, so that concurrent runs do not influence each other. */
function dueOf(table: string, keys: string[]): Statement {
  return {
    name: `due ${table}`,
    text: `SELECT id FROM ${table} WHERE payment_key = ANY($1::text[]) AND (ask_at <= now() OR asked > 0 AND status IN ('PENDING', 'UNKNOWN') OR status = 'WAITING_FOR_DEPOSIT') ORDER BY ask_at`,
    values: [keys],
  };
}

const never = <T>(): Promise<T> => new Promise<T>(() => {});

class Died extends Error {}

/** How long the calls of one run wait for the gateway. */
class Patience {
  timeoutMs = TIMEOUT_MS;

  /** @param tries made before, without success. Errors: `failure`, if there were too many */
  check(tries: number, failure: string): void {
    if (tries >= MOST_TRIES) throw new Error(`${failure} (${tries} tries)`);
    if (tries > 0 && tries % TRIES_PER_PATIENCE === 0) this.timeoutMs = Math.min(2 * this.timeoutMs, MOST_TIMEOUT_MS);
  }
}

type ProcessOptions = { databaseUrl: string; gatewayUrl: string; death: Death; keys: string[]; patience: Patience };

/** The card payments of one shop process. After its death it does nothing more, but requests that it has sent still arrive. */
class Process {
  readonly settlers: Settlers;
  readonly worker: SettlementWorker;
  readonly cancels: GatewayCancels;
  readonly death: Promise<never>;
  dead = false;
  readonly #till: Till;
  readonly #store: PostgresStore;
  readonly #database: Database;
  readonly #orderCache: OrderCache;
  /** By their time-outs. */
  readonly #adapters = new Map<number, TossGateway>();
  readonly #patience: Patience;
  readonly #gatewayUrl: string;
  readonly #gateway: Gateway;
  #die: (error: Error) => void = () => {};

  constructor({ databaseUrl, gatewayUrl, death, keys, patience }: ProcessOptions) {
    this.#patience = patience;
    this.#gatewayUrl = gatewayUrl;
    this.death = new Promise<never>((_, reject) => {
      this.#die = reject;
    });
    this.death.catch(() => {});
    this.#store = new PostgresStore({ url: databaseUrl, lockWaitMs: 10_000 });
    const till = new LocalTill({ store: this.#store, waitMs: 10_000, concurrency: 1 });
    const unlessDead = async (work: () => Promise<unknown>): Promise<unknown> => {
      const answer = await (this.dead ? never() : work());
      return this.dead ? never() : answer;
    };
    this.#till = {
      submit: (...args: Parameters<Till["submit"]>) => unlessDead(() => till.submit(...args)),
      finish: (...args: Parameters<Till["finish"]>) => unlessDead(() => till.finish(...args)),
    } as never;
    this.#database = new Database(databaseUrl, { size: 2, onError: () => {} });
    this.#orderCache = new OrderCache(this.#database, NO_DROPS);
    const call = <T>(name: Death, send: () => Promise<T>): Promise<T> => {
      if (this.dead) return never();
      const sent = send();
      sent.catch(() => {});
      // The gateway may or may not have received the call by then.
      if (name === death) return new Promise((resolve) => setTimeout(resolve, 3)).then(() => this.die());
      return sent.then(
        (answer) => (this.dead ? never() : answer),
        (error) => (this.dead ? never() : Promise.reject(error)),
      );
    };
    this.#gateway = {
      currency: this.#adapter.currency,
      confirm: (confirmation) => call("during confirm", () => this.#adapter.confirm(confirmation)),
      cancel: (cancellation) => call("during cancel", () => this.#adapter.cancel(cancellation)),
      find: (paymentKey) => call("during find", () => this.#adapter.find(paymentKey)),
      transactions: (from, to) => this.#adapter.transactions(from, to),
      admit: (work) => this.#adapter.admit(work),
    };
    const failpoint = (point: Failpoint): Promise<void> | void => (this.dead ? never() : point === death ? this.die() : undefined);
    const parts = {
      database: this.#database,
      till: this.#till,
      gateway: this.#gateway,
      background: this.#gateway,
      settings: SETTINGS,
      now: Date.now,
      failpoint,
    };
    this.settlers = createSettlers({ ...parts, orderCache: this.#orderCache, balanceMax: BALANCE_MAX });
    this.cancels = new GatewayCancels({ ...parts, orderCache: this.#orderCache, settlers: this.settlers });
    this.worker = new SettlementWorker({
      database: this.#database,
      sources: Object.values(this.settlers).map((settler, i) => ({
        due: () => dueOf(TABLES[i] as string, keys),
        byKey: (key) => settler.byKey(key),
        settleDue: (id, afresh) => settler.settleDue(id, afresh),
      })),
      now: Date.now,
      onError: () => {},
    });
  }

  get #adapter(): TossGateway {
    const { timeoutMs } = this.#patience;
    const known = this.#adapters.get(timeoutMs);
    if (known) return known;
    const limits = { timeoutMs, tries: 2, concurrency: 64, breakerCalls: Infinity, breakerMs: 1 };
    const adapter = new TossGateway({ url: this.#gatewayUrl, secret: SECRET, currency: "KRW", ...limits });
    this.#adapters.set(timeoutMs, adapter);
    return adapter;
  }

  die(): Promise<never> {
    this.dead = true;
    this.#die(new Died());
    return never();
  }

  pay(userId: string, orderId: string, paymentKey: string, key: string, gatewayOrderId = orderId): Promise<KeyedResponse> {
    const input = { orderId, callerId: userId, expectedAmount: null, paymentKey, gatewayOrderId, askAfterMs: SETTINGS.settleAfterMs };
    return this.#submit(
      submitTwoPhase({
        begin: startCardPayment(this.#orderCache, true),
        input,
        status: 201,
        admit: (work) => this.#gateway.admit(work),
        settle: async (id, first) => paymentStatus(await this.settlers.payments.settle(id, first)),
      }),
      userId,
      key,
      `${orderId} ${paymentKey}`,
    );
  }

  charge(userId: string, amount: number, paymentKey: string, key: string): Promise<KeyedResponse> {
    const input = { userId, amount, version: null, balanceMax: BALANCE_MAX, chargeId: null, paymentKey, askAfterMs: SETTINGS.settleAfterMs };
    return this.#submit(
      submitTwoPhase({
        begin: startCharge,
        input,
        status: 200,
        admit: (work) => this.#gateway.admit(work),
        settle: async (id, first) => chargeStatus(await this.settlers.charges.settle(id, first)),
      }),
      userId,
      key,
      paymentKey,
    );
  }

  refund(orderId: string, items: { variantId: string; quantity: number }[] | null, key: string): Promise<KeyedResponse> {
    const input = { orderId, items, reason: "chaos", customerReason: null, restock: true, viewer: NO_VIEWER, askAfterMs: SETTINGS.settleAfterMs };
    const settle = async (id: string, first: boolean) => {
      const { status } = await this.settlers.refunds.settle(id, first);
      return status === "FAILED"
        ? { over: true as const, refusal: new Refusal("ORDER_NOT_REFUNDABLE") }
        : { over: status !== "PENDING", status: status === "PENDING" ? 202 : 200, body: {} };
    };
    return this.#submit(
      submitTwoPhase({ begin: refundOrder(this.#orderCache), input, status: 200, admit: (work) => this.#gateway.admit(work), settle }),
      "operator",
      key,
      JSON.stringify(items),
    );
  }

  async close(): Promise<void> {
    this.dead = true;
    for (const adapter of this.#adapters.values()) adapter.stop();
    await Promise.all([this.#store.close(), this.#database.close().catch(() => {})]);
  }

  /** Resolves with the response or refusal; rejects if the process dies, like a broken connection. */
  #submit(submission: Submission, caller: string, key: string, fingerprint: string): Promise<KeyedResponse> {
    const execution = { till: this.#till, key: { caller, key, fingerprint }, locale: "en", gone: () => false } as const;
    const answer = execute(submission, execution).catch((error: unknown): KeyedResponse => {
      if (error instanceof Refusal) return { status: error.status, body: JSON.stringify({ code: error.code }), replayed: false };
      throw error;
    });
    return Promise.race([answer, this.death]);
  }
}

export class Chaos {
  readonly shop: TestShop;
  readonly simulator: Simulator;
  readonly #gatewayUrl: string;
  readonly #hooks: Server;
  /** The process that handles the webhooks of a payment key. */
  readonly #owners: Map<string, () => Process>;

  private constructor(shop: TestShop, simulator: Simulator, gatewayUrl: string, hooks: Server, owners: Map<string, () => Process>) {
    this.#owners = owners;
    this.shop = shop;
    this.simulator = simulator;
    this.#gatewayUrl = gatewayUrl;
    this.#hooks = hooks;
  }

  static async open(): Promise<Chaos> {
    const simulator = new Simulator({ secret: SECRET, slowMs: 20, lateMs: LATE_MS });
    const gatewayUrl = await simulator.listen();
    const shop = await openTestShop({
      env: {
        PAYMENT_GATEWAY_URL: gatewayUrl,
        PAYMENT_GATEWAY_SECRET: SECRET,
        PAYMENT_SETTLE_AFTER_MS: "600000",
        PAYMENT_GATEWAY_TIMEOUT_MS: "500",
        PAYMENT_GATEWAY_BREAKER_CALLS: "10000",
        PAYMENT_METHODS: "CARD,EASY_PAY,VIRTUAL_ACCOUNT",
        LOCK_WAIT_MS: "10000",
      },
    });
    const owners = new Map<string, () => Process>();
    const hooks = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        // A deposit's notification names no payment, but its order.
        const { data, orderId = "" } = JSON.parse(text) as { data?: { paymentKey: string }; orderId?: string };
        const process = owners.get(data?.paymentKey ?? orderId)?.();
        if (process && !process.dead) {
          const told = data ? process.worker.notify(data.paymentKey) : process.worker.notifyDeposit(orderId);
          // The database of a process that has ended is closed.
          return void told.then(
            () => response.writeHead(200).end(),
            () => response.writeHead(503).end(),
          );
        }
        response.writeHead(process?.dead ? 503 : 200).end();
      });
    });
    await new Promise<void>((resolve) => hooks.listen(0, "127.0.0.1", resolve));
    simulator.webhooks.url = `http://127.0.0.1:${(hooks.address() as { port: number }).port}/`;
    return new Chaos(shop, simulator, gatewayUrl, hooks, owners);
  }

  async close(): Promise<void> {
    await this.shop.close();
    await this.simulator.close();
    this.#hooks.closeAllConnections();
    await new Promise((resolve) => this.#hooks.close(resolve));
  }

  /** One run. Throws if a promise is broken; otherwise returns the outcome. */
  async run(seed: number): Promise<string> {
    const rng = random(seed);
    const plan = {
      kind: rng.pick(["payment", "payment", "payment", "deposit", "charge"] as const),
      death: rng.pick(DEATHS),
      secondDeath: rng.pick(DEATHS),
      script: () => ({
        confirm: steps(rng, CONFIRM),
        cancel: steps(rng, CANCEL),
        find: steps(rng, FIND),
        webhook: rng.pick(WEBHOOKS),
      }),
    };
    const databaseUrl = this.shop.shop.config.databaseUrl as string;
    const lives: Process[] = [];
    const keys: string[] = [];
    const deaths: Death[] = [plan.death, plan.secondDeath];
    const patience = new Patience();
    const current = (): Process => {
      const last = lives.at(-1);
      if (last && !last.dead) return last;
      const process = new Process({ databaseUrl, gatewayUrl: this.#gatewayUrl, death: deaths.shift() ?? "never", keys, patience });
      lives.push(process);
      return process;
    };
    /** A client that repeats a request under one key until it gets a final response. */
    const untilFinal = async (send: (process: Process) => Promise<KeyedResponse>): Promise<KeyedResponse> => {
      for (let tries = 0; ; tries++) {
        patience.check(tries, "no final response");
        try {
          const answer = await send(current());
          if (answer.status !== 202 && answer.status !== 503) return answer;
        } catch (error) {
          if (!(error instanceof Died)) throw error;
        }
        // The settlement job runs too, since a real client may not retry.
        if (!current().dead) await Promise.race([current().worker.run(), current().death]).catch(() => {});
        await pause(2 + Math.min(tries, 50));
      }
    };
    const settling: Settling = { keys, current, patience };
    // Another instance on the same database, whose job runs at the same time.
    const neighbor = rng.chance(0.5) ? new Process({ databaseUrl, gatewayUrl: this.#gatewayUrl, death: "never", keys, patience }) : undefined;
    let over = false;
    const competing = (async () => {
      while (neighbor && !over) {
        await neighbor.worker.run().catch(() => {}); // The job runs again anyway.
        await pause(1);
      }
    })();
    try {
      const work = { charge: this.#charge, deposit: this.#deposit, payment: this.#payment }[plan.kind].bind(this);
      return await work({ seed, rng, script: plan.script, untilFinal, settling });
    } catch (error) {
      const state = await this.#state(keys);
      throw new Error(`${(error as Error).message}: ${JSON.stringify(state)}`, { cause: error });
    } finally {
      over = true;
      await competing;
      for (const one of keys) this.#owners.delete(one);
      await Promise.all([...lives, ...(neighbor ? [neighbor] : [])].map((process) => process.close()));
    }
  }

  async #payment({ seed, rng, script, untilFinal, settling }: Run): Promise<string> {
    const { keys, current } = settling;
    const { shop, simulator } = this;
    const [user, product] = [await shop.user({ balance: 100 * PRICE }), await shop.product({ price: PRICE, stock: STOCK })];
    const variantId = product.variants[0]?.id as string;
    const quantity = 1 + rng.below(3);
    const userCouponId = rng.chance(0.4) ? await shop.coupon(user) : undefined;
    const { orderId } = good(
      await user.post("/orders", {
        orderItems: [{ productId: product.id, quantity }],
        ...(userCouponId ? { userCouponId } : {}),
        payment: { method: "DEFERRED" },
      }),
      201,
    );
    if (rng.chance(0.3))
      await shop.shop.database.pool.query("UPDATE orders SET expires_at = now() + $2 * interval '1 ms' WHERE id = $1", [orderId, rng.below(300)]);

    const newKey = (): string => {
      const made = keyFor(script(), `${seed}-${keys.length}`);
      keys.push(made);
      this.#owners.set(made, current);
      return made;
    };
    const attempts: Promise<KeyedResponse>[] = [];
    const attempt = (name: string): void => {
      const paymentKey = newKey();
      const sendOnce = (): Promise<KeyedResponse> => untilFinal((process) => process.pay(user.id, orderId, paymentKey, `${seed}-${name}`));
      attempts.push(sendOnce());
      if (rng.chance(0.3)) attempts.push(sendOnce()); // A client that does not wait for the first response.
    };
    attempt("first");
    if (rng.chance(0.4)) attempt("competitor");
    const competitors: Promise<unknown>[] = [];
    if (rng.chance(0.2)) competitors.push(user.post("/payments", { orderId, method: "BALANCE" }));
    if (rng.chance(0.15)) competitors.push(user.post(`/orders/${orderId}/cancel`));
    if (rng.chance(0.2)) competitors.push(shop.operator.post("/admin/jobs/expire-orders/run"));
    const answers = await Promise.all(attempts);
    await Promise.all(competitors);
    if (answers.every(({ status }) => status === 402) && rng.chance(0.7)) {
      attempt("again");
      answers.push(...(await Promise.all(attempts.slice(answers.length))));
    }

    for (const { status } of answers) assert.ok([201, 402, 409, 400].includes(status), `a payment got ${status}`);
    const byHand = rng.chance(0.3) ? this.#cancelByHand(keys, rng) : undefined;
    const refunds: KeyedResponse[] = [];
    if (rng.chance(0.6)) {
      const parts = rng.chance(0.5) ? [null] : [[{ variantId, quantity: 1 }], null];
      for (const [i, items] of parts.entries()) {
        const send = (key: string): Promise<KeyedResponse> => untilFinal((process) => process.refund(orderId, items, key));
        refunds.push(
          ...(await Promise.all(rng.chance(0.3) ? [send(`${seed}-refund-${i}`), send(`${seed}-other-${i}`)] : [send(`${seed}-refund-${i}`)])),
        );
      }
    }
    await byHand;
    await this.#settleAll(settling);

    const held = (): number => keys.reduce((sum, one) => sum + (simulator.ledger.payments.get(one)?.left ?? 0), 0);
    await this.#lateCapturesRefunded(async () => held() === (await this.#paymentBooks(orderId, keys)).known, settling);
    const { order, payments, live, paidByCard, paidFromBalance, known } = await this.#paymentBooks(orderId, keys);
    assert.ok(live.length <= 1, "more than one payment of one order");
    assert.ok(
      payments.every(({ status }) => status !== "PENDING" && status !== "UNKNOWN"),
      "a payment has no final status",
    );
    assert.equal(held(), known, "the gateway's ledger differs from the shop's");
    for (const one of keys)
      if (one !== live[0]?.payment_key)
        assert.equal(simulator.ledger.payments.get(one)?.left ?? 0, await this.#refusedRefunds([one]), "the gateway kept money without a payment");
    assert.equal(await shop.balanceOf(user), 100 * PRICE - (paidFromBalance ? order.paidAmount - order.refundedAmount : 0));
    const gone = live.length === 0 && !paidFromBalance ? 0 : quantity - order.orderItems[0].refundedQuantity;
    assert.equal(await shop.stockOf(product), STOCK - gone, "stock was not restored exactly once");
    const paid = answers.filter(({ status }) => status === 201).map(({ body }) => (JSON.parse(body) as { paymentId: string }).paymentId);
    assert.ok(new Set(paid).size <= 1, "two payments got 201");
    assert.equal(paid.length > 0, paidByCard, "the response and the ledgers differ");
    return `payment ${order.status}`;
  }

  /** An order and its payments as they are now, and the money that the gateway must hold for them. A late cancel can change both. */
  async #paymentBooks(orderId: string, keys: string[]) {
    const order = good(await this.shop.operator.get(`/orders/${orderId}`), 200);
    const { rows: payments } = await this.shop.shop.database.pool.query<{ status: string; method: string; payment_key: string | null }>(
      "SELECT status, method, payment_key FROM payments WHERE order_id = $1",
      [orderId],
    );
    const live = payments.filter(({ status }) => status !== "FAILED");
    const paidByCard = live[0]?.method === "CARD";
    const paidAndKept = paidByCard ? order.paidAmount - order.refundedAmount : 0;
    const known = paidAndKept + (await this.#refusedRefunds(keys)) - (await this.#cancelledInPart(keys));
    return { order, payments, live, paidByCard, paidFromBalance: order.paidAmount > 0 && !paidByCard, known };
  }

  /**
   * A payment to a virtual account, whose window was opened with the order's id or with a number behind it. The deposit comes early, late, or
   * never; the bank takes it back, before or after the order is paid; the buyer cancels; the account is closed in the gateway's dashboard.
   */
  async #deposit({ seed, rng, script, untilFinal, settling }: Run): Promise<string> {
    const { keys, current } = settling;
    const { shop, simulator } = this;
    const [user, product] = [await shop.user(), await shop.product({ price: PRICE, stock: STOCK })];
    const quantity = 1 + rng.below(3);
    const orderItems = [{ productId: product.id, quantity }];
    const { orderId } = good(await user.post("/orders", { orderItems, payment: { method: "DEFERRED" } }), 201);
    const gatewayOrderId = rng.pick([orderId, `${orderId}_2`, `${orderId}_3`]);
    const paymentKey = keyFor(script(), `${seed}`);
    keys.push(paymentKey);
    this.#owners.set(paymentKey, current);
    this.#owners.set(gatewayOrderId, current);
    simulator.ledger.authorize({ paymentKey, orderId: gatewayOrderId, amount: quantity * PRICE, orderName: "사과", way: "VIRTUAL_ACCOUNT" });
    const acts = [rng.pick(["early", "late", "never", "dashboard", "reversed"] as const), ...(rng.chance(0.4) ? ["cancel" as const] : [])];
    const isTold = rng.chance(0.5);
    const paying = untilFinal((process) => process.pay(user.id, orderId, paymentKey, `${seed}`, gatewayOrderId));
    let isAnswered = false;
    const acting = acts.map(async (act) => {
      while (!isAnswered && this.#waits(paymentKey) === undefined) await pause(3);
      await pause(rng.below(60));
      await this.#actOnAccount(act, { user, orderId, paymentKey, isTold });
    });
    const { status } = await paying.finally(() => (isAnswered = true));
    await Promise.all(acting);
    await this.#settleAll(settling);
    await shop.operator.post("/admin/jobs/settle-payments/run");
    await this.#settleAll(settling);

    const books = async () => {
      const order = good(await shop.operator.get(`/orders/${orderId}`), 200);
      const kept = order.paidAmount - order.refundedAmount - (await this.#cancelledInPart(keys));
      return { order, known: kept + (await this.#refusedRefunds(keys)) };
    };
    const left = (): number => simulator.ledger.payments.get(paymentKey)?.left ?? 0;
    await this.#lateCapturesRefunded(async () => left() === (await books()).known, settling);
    const { order, known } = await books();
    assert.ok([201, 402, 409].includes(status), `a deposit got ${status}`);
    assert.notEqual(order.payment?.status, "WAITING_FOR_DEPOSIT", "a deposit is still awaited");
    assert.equal(left(), known, "the gateway's ledger differs from the shop's");
    const gone = order.status === "COMPLETED" ? quantity : 0;
    assert.equal(await shop.stockOf(product), STOCK - gone, "stock was not restored exactly once");
    return `deposit ${order.status} (${acts.join("+")})`;
  }

  /** Whether the account waits for its deposit; undefined before the gateway has opened it. */
  #waits(paymentKey: string): boolean | undefined {
    const payment = this.simulator.ledger.payments.get(paymentKey);
    return payment === undefined || payment.status === "IN_PROGRESS" ? undefined : payment.status === "WAITING_FOR_DEPOSIT";
  }

  async #actOnAccount(
    act: "early" | "late" | "never" | "dashboard" | "reversed" | "cancel",
    { user, orderId, paymentKey, isTold }: { user: Client; orderId: string; paymentKey: string; isTold: boolean },
  ): Promise<void> {
    const { ledger } = this.simulator;
    if (act === "cancel") return void (await user.post(`/orders/${orderId}/cancel`));
    if (!this.#waits(paymentKey)) return;
    if (act === "early" && isTold) return this.simulator.deposit(paymentKey);
    if (act === "early") return void ledger.deposit(paymentKey);
    if (act === "dashboard") return void this.simulator.cancelInDashboard(paymentKey);
    if (act === "reversed") {
      if (isTold) this.simulator.deposit(paymentKey);
      else ledger.deposit(paymentKey);
      await pause(150);
      if (isTold) this.simulator.reverseDeposit(paymentKey);
      else ledger.reverseDeposit(paymentKey);
    }
    const payment = ledger.payments.get(paymentKey);
    if (payment?.account) payment.account.dueAt = Date.now();
    if (act === "reversed" || act === "never" || !payment) return;
    // A bank that books a transfer after the due date, before or after the shop has ended the payment.
    await pause(isTold ? 20 : 400);
    const late = { ...payment, status: "DONE" as const, left: payment.amount, approvedAt: Date.now(), transactionKey: `late-${paymentKey}` };
    if (ledger.payments.get(paymentKey)?.status === "WAITING_FOR_DEPOSIT") ledger.payments.set(paymentKey, late);
  }

  async #charge({ seed, rng, script, untilFinal, settling }: Run): Promise<string> {
    const { keys, current } = settling;
    const { shop, simulator } = this;
    const user = await shop.user();
    const count = 1 + rng.below(3);
    keys.push(...Array.from({ length: count }, (_, i) => keyFor(script(), `${seed}-${i}`)));
    for (const one of keys) this.#owners.set(one, current);
    const answers = await Promise.all(keys.map((one, i) => untilFinal((process) => process.charge(user.id, 100 + i, one, `${seed}-${i}`))));
    await this.#settleAll(settling);
    const charged = answers.reduce((sum, { status }, i) => sum + (status === 200 ? 100 + i : 0), 0);
    for (const { status } of answers) assert.ok([200, 402].includes(status), `a charge got ${status}`);
    assert.equal(await shop.balanceOf(user), charged, "the balance does not equal the sum of the charges");
    const held = (): number => keys.reduce((sum, one) => sum + (simulator.ledger.payments.get(one)?.left ?? 0), 0);
    const known = async (): Promise<number> => charged + (await this.#refusedRefunds(keys));
    await this.#lateCapturesRefunded(async () => held() === (await known()), settling);
    assert.equal(held(), await known(), "the gateway's ledger differs from the charges");
    return `charge ${charged > 0 ? "COMPLETED" : "FAILED"}`;
  }

  /** Waits for late calls, and runs the settlement job until nothing is open. */
  async #settleAll({ keys, current, patience }: Settling): Promise<void> {
    if (keys.some((one) => one.includes("late"))) await pause(LATE_MS + 50);
    for (let clean = 0, tries = 0; clean < 2; tries++) {
      patience.check(tries, "open payments do not settle");
      try {
        await Promise.race([current().worker.run(), current().death]);
      } catch (error) {
        if (!(error instanceof Died)) throw error;
        continue;
      }
      clean = (await this.#isOpen(keys)) ? 0 : clean + 1;
      await pause(3 + Math.min(tries, 50));
    }
    for (const key of keys) await this.#checkCancels(key, { keys, current, patience });
  }

  /** Books cancels of the gateway's dashboard, as a webhook does. */
  async #checkCancels(key: string, { current, patience }: Settling): Promise<void> {
    for (let tries = 0; ; tries++) {
      patience.check(tries, `the cancels of ${key} cannot be looked up`);
      try {
        return await Promise.race([current().cancels.check(key), current().death]);
      } catch (error) {
        if (!(error instanceof Died || error instanceof GatewayUnknown)) throw error;
      }
      await pause(5);
    }
  }

  /** A late capture can arrive after the run on a busy machine; the job then refunds it. */
  async #lateCapturesRefunded(agreed: () => Promise<boolean>, settling: Settling): Promise<void> {
    for (let tries = 0; !(await agreed()) && tries < MOST_TRIES; tries++) {
      await pause(50);
      await this.#settleAll(settling);
    }
  }

  /** Late captures whose refund the gateway has declined (scripted). The shop lists them for its operators. */
  async #refusedRefunds(keys: string[]): Promise<number> {
    const { rows } = await this.shop.shop.database.pool.query<{ amount: string }>(
      "SELECT coalesce(sum(amount), 0) AS amount FROM stray_money WHERE payment_key = ANY($1) AND status = 'REFUSED'",
      [keys],
    );
    return Number(rows[0]?.amount);
  }

  /** Cancels in the gateway's dashboard, and deposits that the bank took back, about which a person has to decide. */
  async #cancelledInPart(keys: string[]): Promise<number> {
    const { rows } = await this.shop.shop.database.pool.query<{ amount: string }>(
      `SELECT coalesce(sum(g.amount), 0) AS amount FROM gateway_cancels g JOIN payments p ON p.id = g.id
       WHERE g.payment_key = ANY($1) AND p.status IN ('COMPLETED', 'PARTIALLY_REFUNDED')`,
      [keys],
    );
    return Number(rows[0]?.amount);
  }

  /** A person cancels a captured payment in the gateway's dashboard, as a whole or one won of it. */
  async #cancelByHand(keys: string[], rng: SeededRandom): Promise<void> {
    const amount = rng.chance(0.5) ? undefined : 1;
    await pause(rng.below(30));
    const captured = keys.find((one) => this.simulator.ledger.payments.get(one)?.status === "DONE");
    if (captured !== undefined) this.simulator.cancelInDashboard(captured, amount);
  }

  /** Payment keys of everything that the shop lists as in doubt. */
  async keysInDoubt(): Promise<Set<string>> {
    const keys = new Set<string>();
    for (let cursor: string | null = ""; cursor !== null;) {
      const answer = await this.shop.operator.get(`/admin/payments/attention?limit=100${cursor === "" ? "" : `&cursor=${cursor}`}`);
      const { payments, nextCursor } = good(answer, 200) as { payments: { paymentKey: string }[]; nextCursor: string | null };
      for (const { paymentKey } of payments) keys.add(paymentKey);
      cursor = nextCursor;
    }
    return keys;
  }

  /** All data of a run, for the error message. */
  async #state(keys: string[]): Promise<unknown> {
    const read = async (table: string): Promise<unknown> =>
      (await this.shop.shop.database.pool.query(`SELECT * FROM ${table} WHERE payment_key = ANY($1)`, [keys])).rows;
    return {
      now: new Date(),
      book: keys.map((one) => this.simulator.ledger.payments.get(one) ?? one),
      ...Object.fromEntries(await Promise.all(TABLES.map(async (table) => [table, await read(table)]))),
    };
  }

  /** Whether a row with these keys is open, or failed and still to be checked. */
  async #isOpen(keys: string[]): Promise<boolean> {
    const { rows } = await this.shop.shop.database.pool.query(
      `SELECT FROM payments WHERE payment_key = ANY($1) AND status IN ('PENDING', 'UNKNOWN', 'WAITING_FOR_DEPOSIT')
       UNION ALL SELECT FROM refunds WHERE payment_key = ANY($1) AND status = 'PENDING'
       UNION ALL SELECT FROM card_charges WHERE payment_key = ANY($1) AND status = 'PENDING'
       UNION ALL SELECT FROM stray_money WHERE payment_key = ANY($1) AND status = 'PENDING'
       UNION ALL SELECT FROM payments WHERE payment_key = ANY($1) AND status = 'FAILED' AND ask_at IS NOT NULL AND asked = 0
       UNION ALL SELECT FROM card_charges WHERE payment_key = ANY($1) AND status = 'FAILED' AND ask_at IS NOT NULL AND asked = 0 LIMIT 1`,
      [keys],
    );
    return rows.length > 0;
  }
}

type Script = { confirm: string[]; cancel: string[]; find: string[]; webhook: (typeof WEBHOOKS)[number] };
/** The payment keys of a run, the process that settles them, and its patience. */
type Settling = { keys: string[]; current: () => Process; patience: Patience };
type Run = { seed: number; rng: SeededRandom; script: () => Script; untilFinal: UntilFinal; settling: Settling };
type UntilFinal = (send: (process: Process) => Promise<KeyedResponse>) => Promise<KeyedResponse>;

/** Up to three scripted steps; after them the gateway succeeds. */
function steps(rng: SeededRandom, from: string[]): string[] {
  return Array.from({ length: rng.below(4) }, () => rng.pick(from));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
