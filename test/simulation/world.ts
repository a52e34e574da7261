// One simulated shop: the real commands and the real till on a store in memory that fails when the history says so, on a clock on which
// waiting takes no time; and the model beside it, which is asked after every round whether that was right.

import assert from "node:assert/strict";
import { users } from "../../src/balance/balance.sql.ts";
import { chargeBalance } from "../../src/balance/charge-balance.ts";
import { createUsers } from "../../src/balance/create-users.ts";
import { grantBalances } from "../../src/balance/grant-balances.ts";
import { carts } from "../../src/cart/cart.sql.ts";
import { addToCart, removeFromCart, setQuantity } from "../../src/cart/edit-cart.ts";
import { adjustStock } from "../../src/catalog/adjust-stock.ts";
import { variants } from "../../src/catalog/catalog.sql.ts";
import { createProducts } from "../../src/catalog/create-products.ts";
import { editProduct } from "../../src/catalog/edit-product.ts";
import { CatalogFacts } from "../../src/catalog/facts.ts";
import { campaigns, userCoupons } from "../../src/coupon/coupon.sql.ts";
import { createCampaign, editCampaign } from "../../src/coupon/edit-campaign.ts";
import { expireCoupons } from "../../src/coupon/expire-coupons.ts";
import { issueCoupon } from "../../src/coupon/issue-coupon.ts";
import type { Database } from "../../src/database/pool.ts";
import type { Statement } from "../../src/database/statement.ts";
import { type KeyedAnswer, once } from "../../src/http/idempotency.ts";
import { OrderFacts } from "../../src/order/facts.ts";
import { orderItems, orders } from "../../src/order/order.sql.ts";
import { placeOrder } from "../../src/order/place-order.ts";
import { cancelOrder, expireOrder, refundOrder } from "../../src/order/undo-order.ts";
import { payOrder } from "../../src/payment/pay-order.ts";
import { isAnswer, Refusal } from "../../src/refusal.ts";
import type { Command } from "../../src/till/command.ts";
import type { Changes, Shelf } from "../../src/till/shelf.ts";
import type { OpenRound, Store } from "../../src/till/store.ts";
import { Till } from "../../src/till/till.ts";
import { NeedsChanged } from "../../src/till/working-set.ts";
import { MemoryStore, type Mishap, type Step as StoreStep } from "../support/memory-store.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import type { Ask, Event } from "./history.ts";
import { checkInvariants } from "./invariants.ts";
import { Model } from "./model.ts";
import { BALANCE_MAX, ORDER_EXPIRES_AFTER_MS, type Result, type Step } from "./steps.ts";

/** 2028-02-28, a leap year's, two hours before midnight in Seoul. */
const START = Date.UTC(2028, 1, 28, 13);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SEOUL_MS = 9 * 60 * MINUTE_MS;
const NOBODY = "00000000-0000-7000-8000-000000000000";

/** One request, from its arrival until it was answered, and what was decided of it on the way. */
type Visit = {
  number: number;
  instance: Instance;
  step: Step;
  key: string | null;
  /** Its answer: what the till gave, or the code of the refusal; undefined where it has none (yet). */
  came: unknown;
  /** Decisions of rounds that were written, or had nothing to write. */
  stands: Decision[];
  cameAgain: boolean;
};

/** `body` is what a keyed request is answered; without a `result` it is the answer that was kept. */
type Decision = { visit: Visit; now: number; result: Result | undefined; body: string | undefined };

export class World {
  readonly clock = new VirtualClock(START);
  readonly model = new Model();
  readonly store: MemoryStore;
  /** Commands that were answered, or never will be. */
  commands = 0;
  rounds = 0;
  /** How often what came of what. */
  readonly tally = new Map<string, number>();
  readonly #instances: Instance[] = [];
  #opened = 0;
  readonly #visits: Visit[] = [];
  readonly #waiting: Promise<void>[] = [];
  /** What the round that is being decided has decided so far. */
  #deciding: Decision[] = [];
  readonly #kept = new Map<string, { step: string; body: string }>();
  readonly #known = {
    users: [] as string[],
    products: [] as string[],
    variants: [] as string[],
    campaigns: [] as string[],
    coupons: [] as string[],
    orders: [] as string[],
    items: [] as string[],
  };
  /** Which visit was last decided of those that met at a row of an instance's. */
  readonly #last = new Map<string, number>();
  readonly #mishaps: { at: StoreStep["name"]; mishap: Mishap; times: number }[] = [];
  #slow: { at: StoreStep["name"]; ms: number } | undefined;
  #wrong: unknown;

  constructor(instances: number) {
    present = this;
    this.store = new MemoryStore({
      clock: this.clock,
      mishap: ({ name }) => this.#mishap(name),
      witness: () => this.#deciding.splice(0),
      onEnd: (how, decided, changes) => this.#judge(how, decided as Decision[], changes),
    });
    for (let i = 0; i < instances; i++) this.#instances.push(this.#open() as Instance);
  }

  /** Lets a history happen. Errors: whatever the model, the invariants or the promises of the till say against it. */
  async live(history: readonly Event[]): Promise<void> {
    for (const event of [...PRELUDE, ...history]) {
      await this.#happen(event);
      if (this.#wrong) throw this.#wrong;
    }
    this.#mishaps.length = 0;
    this.#slow = undefined;
    await this.clock.run(Promise.all(this.#waiting));
    await this.clock.advance(MINUTE_MS); // What the dead had sent arrives.
    if (this.#wrong) throw this.#wrong;
    for (const visit of this.#visits) this.#checkAnswer(visit);
    checkInvariants(this.store);
    assert.equal(this.store.open, 0, "locks were left behind");
  }

  async #happen(event: Event): Promise<void> {
    if ("ask" in event) {
      for (const step of this.#steps(event)) this.#submit(step, event.at, event.key === null ? null : `key ${event.key}`);
    } else if ("again" in event) {
      const keyed = this.#visits.filter(({ key }) => key !== null);
      const visit = keyed[event.again % keyed.length];
      if (visit) this.#submit(visit.step, event.at, visit.key);
    } else if ("pause" in event) await this.clock.advance(event.pause);
    else if ("clock" in event) this.clock.set(this.#moment(event.clock));
    else if ("mishap" in event) this.#mishaps.push({ ...event });
    else if ("slow" in event) this.#slow = { at: event.slow, ms: event.ms };
    else this.#restart(event.restart % this.#instances.length);
  }

  #submit(step: Step, at: number, key: string | null): void {
    const instance = this.#instances[at % this.#instances.length] as Instance;
    const visit: Visit = { number: this.#visits.length, instance, step, key, came: undefined, stands: [], cameAgain: false };
    this.#visits.push(visit);
    this.commands++;
    const [command, input] = instance.commandFor(step);
    const watched = this.#watch(visit, command);
    const fingerprint = JSON.stringify(step);
    const submitted =
      key === null
        ? instance.till.submit(watched, input)
        : instance.till.submit(this.#watchKept(visit, once(watched, { caller: "somebody", key, fingerprint }, render, "en")), input);
    const answered = submitted.then(
      (answer) => void (visit.came = key === null ? unwrap(answer) : (answer as KeyedAnswer).body),
      (error: unknown) => void (visit.came = error instanceof Refusal ? codeOf(error) : error),
    );
    this.#waiting.push(Promise.race([answered, instance.died]));
  }

  /** Notes what a command decides. */
  #watch(visit: Visit, command: Command<unknown, unknown>): Command<unknown, unknown> {
    return {
      ...command,
      decide: (shop, input) => {
        try {
          const answer = command.decide(shop, input);
          this.#deciding.push({ visit, now: shop.now, result: { answer: unwrap(answer) }, body: undefined });
          return answer;
        } catch (error) {
          if (error instanceof NeedsChanged) visit.cameAgain = true;
          else if (error instanceof Refusal) this.#deciding.push({ visit, now: shop.now, result: { refusal: codeOf(error) }, body: undefined });
          else this.#wrong ??= error;
          throw error;
        }
      },
    };
  }

  /** Notes what a keyed command answers, be it new or what was kept. */
  #watchKept(visit: Visit, command: Command<unknown, KeyedAnswer>): Command<unknown, KeyedAnswer> {
    return {
      ...command,
      decide: (shop, input) => {
        const before = this.#deciding.length;
        try {
          const answer = command.decide(shop, input);
          if (answer.replayed) this.#deciding.push({ visit, now: shop.now, result: undefined, body: answer.body });
          else (this.#deciding.at(-1) as Decision).body = answer.body;
          return answer;
        } catch (error) {
          if (this.#deciding.length === before && error instanceof Refusal)
            this.#deciding.push({ visit, now: shop.now, result: { refusal: codeOf(error) }, body: undefined });
          throw error;
        }
      },
    };
  }

  /** A round has ended. What it decided stands if it was written, or had nothing to write; then it must be what the model says. */
  #judge(how: "committed" | "released" | "undone", decided: Decision[], changes: Changes | undefined): void {
    if (how === "undone" || this.#wrong) return;
    try {
      for (const decision of decided) {
        decision.visit.stands.push(decision);
        this.#checkTurn(decision.visit);
        this.#checkDecision(decision);
        if (decision.result && "answer" in decision.result) this.#learn(decision.visit.step, decision.result.answer);
      }
      if (!changes) return;
      this.rounds++;
      this.#checkRows(changes);
      checkInvariants(this.store);
    } catch (error) {
      this.#wrong ??= error;
    }
  }

  #checkDecision({ visit: { step, key }, now, result, body }: Decision): void {
    const kept = key === null ? undefined : this.#kept.get(key);
    const asked = JSON.stringify(step);
    // What is refused for its shape leaves nothing under its key, so it may have been decided before the key's first use was on disk.
    const unkept = result !== undefined && "refusal" in result && result.refusal === "INVALID_REQUEST";
    if (kept && kept.step !== asked && !unkept)
      return assert.deepEqual(result, { refusal: "IDEMPOTENCY_KEY_REUSED" }, "a key was used for something else");
    if (kept && !unkept)
      return assert.deepEqual({ result, body }, { result: undefined, body: kept.body }, "a repeated request was not given the first one's answer");
    assert.ok(result, "an answer was repeated that had never been given");
    const expected = this.model.do(step, now, result);
    assertSame(expected, result, () => JSON.stringify({ step, now: new Date(now).toISOString(), expected, came: result }));
    if (key !== null && body !== undefined) this.#kept.set(key, { step: asked, body });
    if (key !== null)
      assert.equal(body !== undefined, "answer" in result || isAnswer(result.refusal.split(" ")[0] as never), "what is kept under a key");
  }

  /** Those who meet at a row are decided in the order in which they came to this instance. Who had to come again has lost that turn. */
  #checkTurn({ instance, number, cameAgain, step }: Visit): void {
    if (cameAgain) return;
    for (const row of rowsOf(step)) {
      const place = `${instance.number} ${row}`;
      const last = this.#last.get(place) ?? -1;
      assert.ok(last <= number, `${number} was decided after ${last}, which came later and meets it at ${row}`);
      this.#last.set(place, number);
    }
  }

  /** Every row that a round wrote is what the model has. */
  #checkRows({ shelves }: Changes): void {
    for (const [shelf, changes] of shelves) for (const { key, after } of changes) ROWS.get(shelf)?.(this.model, key, after as never);
  }

  /** What somebody was told is what was decided, once; and who was told to come again was not served. */
  #checkAnswer(visit: Visit): void {
    const { came, stands, step, instance, key, number } = visit;
    this.#count(visit);
    const about = `${number}, ${JSON.stringify(step)}${key === null ? "" : ` with ${key}`}, was told ${JSON.stringify(came)}`;
    assert.ok(stands.length <= 1, `${about} and done ${stands.length} times`);
    if (instance.dead || came === "UNAVAILABLE") return; // It may have been done, or not.
    const [decision] = stands;
    if (came === "BUSY" || (came instanceof Error && came.message === "rejected"))
      return assert.equal(decision, undefined, `${about} and was done all the same`);
    assert.ok(decision, `${about} and nobody decided that`);
    const { result, body } = decision;
    assert.deepEqual(came, body ?? (result && ("answer" in result ? result.answer : result.refusal)), about);
  }

  #count({ came, stands: [decision], step, instance }: Visit): void {
    const { result } = decision ?? {};
    const decided = result ? ("answer" in result ? "done" : result.refusal) : decision && "repeated";
    const what = `${step.kind}: ${decided ?? (instance.dead ? "died" : came instanceof Error ? came.message : String(came))}`;
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  #learn({ kind }: Step, answer: unknown): void {
    const known = this.#known;
    const { id, orderId } = (answer ?? {}) as { id: string; orderId: string };
    const made = answer as { id: string; variants: { id: string }[] }[];
    if (kind === "create user") known.users.push((made[0] as { id: string }).id);
    if (kind === "create product") known.products.push((made[0] as { id: string }).id);
    if (kind === "create product") known.variants.push(...(made[0] as { variants: { id: string }[] }).variants.map((variant) => variant.id));
    if (kind === "create campaign") known.campaigns.push(id);
    if (kind === "issue coupon") known.coupons.push(id);
    if (kind === "add to cart") known.items.push(id);
    if (kind === "place order") known.orders.push(orderId);
  }

  async #mishap(at: StoreStep["name"]): Promise<Mishap | undefined> {
    if (this.#slow?.at === at) {
      const { ms } = this.#slow;
      this.#slow = undefined;
      await this.clock.pause(ms);
    }
    const [first] = this.#mishaps;
    if (first?.at !== at) return undefined;
    if (--first.times === 0) this.#mishaps.shift();
    return first.mishap;
  }

  /** The next process, or none where there have been enough. */
  #open(): Instance | undefined {
    const number = this.#opened++;
    const commands = PROCESSES[number];
    if (!commands) return undefined;
    return new Instance({
      number,
      store: this.store,
      clock: this.clock,
      commands,
      onFault: (name, error) => {
        if (!["rejected", "conflict"].includes((error as Error).message)) this.#wrong ??= new Error(`${name} broke`, { cause: error });
      },
      forget: () => void (this.#deciding.length = 0),
    });
  }

  #restart(i: number): void {
    const next = this.#open();
    if (!next) return;
    (this.#instances[i] as Instance).die();
    this.#instances[i] = next;
  }

  /** What commands read before their turn. */
  rows({ name, values: [first, second] }: Statement): unknown[] {
    const ids = String(first).replaceAll(/[{}]/g, "").split(",");
    const cart = this.store.row(carts, first as string) ?? [];
    if (name === "select variant ids") return this.#variantIds(ids);
    if (name === "select order facts") return ids.flatMap((id) => this.#orderFact(id));
    if (name === "select cart articles") return cart;
    if (name === "select cart article") return cart.filter((item) => item.id === second);
    throw new Error(`the simulation knows no statement ${name}`);
  }

  #variantIds(productIds: string[]): { productId: string; variantIds: string[] }[] {
    const all = this.store.rows(variants).toSorted((a, b) => a.position - b.position);
    return productIds
      .map((productId) => ({ productId, variantIds: all.filter((one) => one.productId === productId).map(({ id }) => id) }))
      .filter(({ variantIds }) => variantIds.length > 0);
  }

  #orderFact(id: string): unknown[] {
    const order = this.store.row(orders, id);
    return order ? [{ id, userId: order.userId, userCouponId: order.userCouponId, articles: this.store.row(orderItems, id) }] : [];
  }

  #moment(to: Extract<Event, { clock: string }>["clock"]): number {
    const now = this.clock.now();
    const midnight = (Math.floor((now + SEOUL_MS) / DAY_MS) + 1) * DAY_MS - SEOUL_MS;
    const ends = [
      ...[...this.model.campaigns.values()].flatMap(({ opensAt, closesAt, expiresAt }) => [opensAt, closesAt, expiresAt]),
      ...[...this.model.coupons.values(), ...this.model.orders.values()].map(({ expiresAt }) => expiresAt),
    ].filter((at): at is number => at !== null && at > now);
    const end = Math.min(...ends);
    switch (to) {
      case "a moment":
        return now + 1;
      case "half an hour":
        return now + 30 * MINUTE_MS;
      case "a day":
        return now + DAY_MS;
      case "a day back":
        return now - DAY_MS;
      case "midnight in Seoul":
        return midnight;
      case "before midnight":
        return midnight - 1;
      case "leap day":
        return Math.max(now, Date.UTC(2028, 1, 28, 15));
      case "something's end":
        return Number.isFinite(end) ? end : now;
      case "before something's end":
        return Number.isFinite(end) ? end - 1 : now;
    }
  }

  /** What an event asks for, of those things that there are by now. */
  #steps(event: Ask): Step[] {
    const known = this.#known;
    const now = this.clock.now();
    const article = ({
      variant,
      named,
      quantity,
    }: {
      variant: number;
      named: boolean;
      quantity: number;
    }): { productId: string; variantId: string | null; quantity: number } => {
      const variantId = pick(known.variants, variant);
      return {
        productId: this.model.variants.get(variantId)?.productId ?? pick(known.products, variant),
        variantId: named ? variantId : null,
        quantity,
      };
    };
    const caller = (orderId: string, by: number): string | null =>
      by % 8 === 0 ? null : by % 8 === 1 ? pick(known.users, by) : (this.model.orders.get(orderId)?.userId ?? null);
    switch (event.ask) {
      case "charge": {
        const userId = pick(known.users, event.user);
        return [{ kind: "charge", userId, amount: event.amount, version: event.stale ? (this.model.users.get(userId)?.version ?? 0) : null }];
      }
      case "grant":
        return [{ kind: "grant", userIds: event.users.map((user) => pick(known.users, user)), amount: event.amount }];
      case "create user":
        return [{ kind: "create user", externalId: event.external === null ? null : `external ${event.external}` }];
      case "create product":
        return [{ kind: "create product", variants: event.variants, forSale: event.forSale }];
      case "edit product":
        return [{ kind: "edit product", productId: pick(known.products, event.product), forSale: event.forSale, price: event.price }];
      case "adjust stock":
        return [{ kind: "adjust stock", variantId: pick(known.variants, event.variant), delta: event.delta }];
      case "create campaign": {
        const { discount, total, opensIn, closesIn, validDays, expiresIn } = event;
        return [
          {
            kind: "create campaign",
            terms: {
              discount,
              totalQuantity: total,
              opensAt: now + opensIn,
              closesAt: closesIn === null ? null : now + closesIn,
              validDays,
              expiresAt: expiresIn === null ? null : now + expiresIn,
            },
          },
        ];
      }
      case "edit campaign": {
        const { total, discount, closesIn } = event;
        const terms = {
          ...(total === null ? {} : { totalQuantity: total }),
          ...(discount === null ? {} : { discount }),
          ...(closesIn === null ? {} : { closesAt: now + closesIn }),
        };
        return [{ kind: "edit campaign", couponId: pick(known.campaigns, event.campaign), terms }];
      }
      case "issue coupon":
        return [{ kind: "issue coupon", couponId: pick(known.campaigns, event.campaign), userId: pick(known.users, event.user) }];
      case "expire coupons": {
        const due = this.store.rows(userCoupons).filter(({ status, expiresAt }) => status === "AVAILABLE" && expiresAt !== null && expiresAt <= now);
        return [{ kind: "expire coupons", userCouponIds: due.map(({ id }) => id) }];
      }
      case "add to cart":
        return [{ kind: "add to cart", userId: pick(known.users, event.user), ...article(event) }];
      case "set quantity":
        return [
          {
            kind: "set quantity",
            userId: this.#ownerOf(pick(known.items, event.item), event.user),
            itemId: pick(known.items, event.item),
            quantity: event.quantity,
          },
        ];
      case "remove from cart":
        return [
          { kind: "remove from cart", userId: this.#ownerOf(pick(known.items, event.item), event.user), itemId: pick(known.items, event.item) },
        ];
      case "place order": {
        const userCouponId = event.coupon === null ? null : pick(known.coupons, event.coupon);
        // Mostly by whom the coupon belongs to.
        const owner = userCouponId !== null && event.user % 8 > 0 ? this.model.coupons.get(userCouponId)?.userId : undefined;
        return [
          {
            kind: "place order",
            userId: owner ?? pick(known.users, event.user),
            articles: event.articles?.map(article) ?? null,
            userCouponId,
            method: event.method,
          },
        ];
      }
      case "pay order":
        return [{ kind: "pay order", orderId: pick(known.orders, event.order), callerId: caller(pick(known.orders, event.order), event.by) }];
      case "cancel order":
        return [{ kind: "cancel order", orderId: pick(known.orders, event.order), callerId: caller(pick(known.orders, event.order), event.by) }];
      case "refund order": {
        const orderId = pick(known.orders, event.order);
        const lines = this.model.orders.get(orderId)?.items.map(({ variantId }) => variantId) ?? [];
        return [
          { kind: "refund order", orderId, items: event.items?.map(({ line, quantity }) => ({ variantId: pick(lines, line), quantity })) ?? null },
        ];
      }
      case "expire orders": {
        const due = this.store.rows(orders).filter(({ status, expiresAt }) => status === "PENDING" && expiresAt !== null && expiresAt <= now);
        return due.map(({ id }) => ({ kind: "expire order", orderId: id }));
      }
    }
  }

  #ownerOf(itemId: string, user: number): string {
    for (const [userId, cart] of this.model.carts) if (cart.some(({ id }) => id === itemId)) return userId;
    return pick(this.#known.users, user);
  }
}

/** The world that lives now. Histories live one after the other. */
let present: World;
const database = { rows: async (statement: Statement) => present.rows(statement) } as unknown as Database;

/** Commands with what their process knows of things that never change. */
type Commands = ReturnType<typeof openCommands>;
function openCommands() {
  const catalogFacts = new CatalogFacts(database);
  const orderFacts = new OrderFacts(database);
  const articleOf = async (userId: string, itemId: string): Promise<{ productId: string; variantId: string } | undefined> =>
    (await database.rows<{ productId: string; variantId: string }>({ name: "select cart article", text: "", values: [userId, itemId] }))[0];
  return {
    editProduct: editProduct(catalogFacts),
    addToCart: addToCart(catalogFacts),
    setQuantity: setQuantity(articleOf),
    placeOrder: placeOrder(catalogFacts, database),
    payOrder: payOrder(orderFacts),
    cancelOrder: cancelOrder(orderFacts),
    refundOrder: refundOrder(orderFacts),
    expireOrder: expireOrder(orderFacts),
  };
}
/** As many processes as a world may see. What one knows of another world's things does no harm, and to make room anew takes longer than to live. */
const PROCESSES = Array.from({ length: 12 }, openCommands);

type InstanceOptions = {
  number: number;
  store: Store;
  clock: VirtualClock;
  commands: Commands;
  onFault: (command: string, error: unknown) => void;
  forget: () => void;
};

/** One process of the shop's: a till and what it knows, until it dies. */
class Instance {
  readonly number: number;
  readonly till: Till;
  readonly died: Promise<void>;
  dead = false;
  #dies = (): void => {};
  readonly #holding = new Set<OpenRound>();
  /** What a dead process decides is heard of by nobody. */
  readonly #forget: () => void;
  readonly #commands: Commands;

  constructor({ number, store, clock, commands, onFault, forget }: InstanceOptions) {
    this.number = number;
    this.#forget = forget;
    this.died = new Promise((resolve) => (this.#dies = resolve));
    this.till = new Till({ store: this.#mortal(store), clock, waitMs: 3000, roundSize: 16, onFault });
    this.#commands = commands;
  }

  /** It is no more: what it has sent to the store arrives, and nobody hears what came of it; the store lets go of its locks. */
  die(): void {
    this.dead = true;
    for (const round of this.#holding) round.release();
    this.#dies();
  }

  #mortal(store: Store): Store {
    const lock: Store["lock"] = async (needs, waitMs) => {
      if (this.dead) return never();
      const round = await store.lock(needs, waitMs);
      this.#holding.add(round);
      if (this.dead) {
        round.release();
        return never();
      }
      return {
        loaded: round.loaded,
        commit: async (roundId, changes) => {
          if (this.dead) {
            this.#forget();
            return never();
          }
          this.#holding.delete(round);
          await round.commit(roundId, changes).catch((error: unknown) => (this.dead ? never() : Promise.reject(error as Error)));
          if (this.dead) return never();
        },
        release: () => {
          if (this.dead) return this.#forget();
          this.#holding.delete(round);
          round.release();
        },
      };
    };
    return { lock, outcome: (roundId) => (this.dead ? never() : store.outcome(roundId)) };
  }

  commandFor(step: Step): [Command<unknown, unknown>, unknown] {
    const as = <Input, Answer>(command: Command<Input, Answer>, input: Input): [Command<unknown, unknown>, unknown] => [command, input];
    const commands = this.#commands;
    const balanceMax = BALANCE_MAX;
    switch (step.kind) {
      case "charge":
        return as(chargeBalance, { ...step, balanceMax });
      case "grant":
        return as(grantBalances, { grants: step.userIds.map((userId) => ({ userId, amount: step.amount, reason: "simulated" })), balanceMax });
      case "create user":
        return as(createUsers, { users: [{ name: "somebody", externalId: step.externalId }], bulk: false });
      case "create product":
        return as(createProducts, { products: [{ name: "something", status: saleStatus(step), variants: step.variants }] });
      case "edit product":
        return as(commands.editProduct, {
          productId: step.productId,
          status: saleStatus(step),
          ...(step.price === null ? {} : { price: step.price }),
        });
      case "adjust stock":
        return as(adjustStock, { ...step, reason: "simulated" });
      case "create campaign":
        return as(createCampaign, { name: "a campaign", ...step.terms });
      case "edit campaign":
        return as(editCampaign, { couponId: step.couponId, fields: step.terms });
      case "issue coupon":
        return as(issueCoupon, step);
      case "expire coupons":
        return as(expireCoupons, step);
      case "add to cart":
        return as(commands.addToCart, withoutNull(step));
      case "set quantity":
        return as(commands.setQuantity, { ...step });
      case "remove from cart":
        return as(removeFromCart, step);
      case "place order":
        return as(commands.placeOrder, {
          ...step,
          articles: step.articles?.map(withoutNull) ?? null,
          orderedAt: null,
          expiresAfterMs: ORDER_EXPIRES_AFTER_MS,
          balanceMax,
        });
      case "pay order":
        return as(commands.payOrder, { ...step, balanceMax });
      case "cancel order":
        return as(commands.cancelOrder, { ...step, balanceMax, askAfterMs: 0 });
      case "refund order":
        return as(commands.refundOrder, { ...step, reason: "simulated", balanceMax, askAfterMs: 0 });
      case "expire order":
        return as(commands.expireOrder, { orderId: step.orderId });
    }
  }
}

const saleStatus = ({ forSale }: { forSale: boolean }): "ON_SALE" | "NOT_FOR_SALE" => (forSale ? "ON_SALE" : "NOT_FOR_SALE");

function withoutNull<T extends { productId: string; variantId: string | null; quantity: number }>({
  variantId,
  ...rest
}: T): Omit<T, "variantId"> & { variantId?: string } {
  return variantId === null ? rest : { ...rest, variantId };
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/** The n-th of these, or now and then one that does not exist. */
function pick(ids: string[], n: number): string {
  return (n % 32 === 31 ? undefined : ids[n % ids.length]) ?? NOBODY;
}

/** Orders that may be paid in two rounds say whether there is a second one; here there never is. */
function unwrap(answer: unknown): unknown {
  const begun = answer as { kind?: string; answer?: unknown } | null;
  return begun?.kind === "answer" ? begun.answer : answer;
}

function render(answer: unknown): { status: number; body: string } {
  return { status: 200, body: JSON.stringify(unwrap(answer)) };
}

function codeOf({ code, details }: Refusal): string {
  return details["reason"] === undefined ? code : `${code} ${String(details["reason"])}`;
}

/** The rows at which a step certainly meets another: those of which the contract promises the order of arrival, and users. */
function rowsOf(step: Step): string[] {
  const rows: string[] = [];
  if ("couponId" in step) rows.push(step.couponId);
  if ("variantId" in step && step.variantId !== null) rows.push(step.variantId);
  if ("userId" in step && step.kind !== "issue coupon" && !("method" in step && step.method === "DEFERRED")) rows.push(step.userId);
  if ("orderId" in step) rows.push(step.orderId);
  if ("articles" in step) for (const { variantId } of step.articles ?? []) if (variantId !== null) rows.push(variantId);
  return rows;
}

/** Whether everything that is expected came so; what came may say more. */
function assertSame(expected: unknown, came: unknown, about: () => string): void {
  if (!matches(expected, came)) assert.fail(about());
}

function matches(expected: unknown, came: unknown): boolean {
  if (expected === came) return true;
  if (typeof expected !== "object" || expected === null || typeof came !== "object" || came === null) return false;
  if (Array.isArray(expected) && (!Array.isArray(came) || came.length !== expected.length)) return false;
  for (const name in expected) if (!matches((expected as Record<string, unknown>)[name], (came as Record<string, unknown>)[name])) return false;
  return true;
}

const ROWS = new Map<Shelf<unknown>, (model: Model, key: string, row: never) => void>();
function row<Row>(shelf: Shelf<Row>, expected: (model: Model, key: string) => unknown): void {
  ROWS.set(shelf, (model, key, came) =>
    assertSame(
      expected(model, key),
      came,
      () => `${shelf.name} ${key} is ${JSON.stringify(came)} and should be ${JSON.stringify(expected(model, key))}`,
    ),
  );
}
row(users, (model, id) => model.users.get(id));
row(variants, (model, id) => model.variants.get(id));
row(campaigns, (model, id) => ({ issuedQuantity: model.campaigns.get(id)?.holders.size, totalQuantity: model.campaigns.get(id)?.totalQuantity }));
row(userCoupons, (model, id) => ({ status: model.coupons.get(id)?.state, orderId: model.coupons.get(id)?.orderId }));
row(carts, (model, id) => model.carts.get(id));
row(orders, (model, id) => ({
  status: model.orders.get(id)?.status,
  refundedAmount: model.orders.get(id)?.refunded,
  totalAmount: model.orders.get(id)?.total,
  discountAmount: model.orders.get(id)?.discount,
}));
row(orderItems, (model, id) =>
  model.orders
    .get(id)
    ?.items.map(({ variantId, price, quantity, refunded }) => ({ variantId, unitPrice: price, quantity, refundedQuantity: refunded })),
);

/** Every history begins with a few people, things to buy, and coupons. */
const none = { key: null, at: 0 };
const PRELUDE: Event[] = [
  ...[null, 0, 1, null].map((external): Event => ({ ask: "create user", external, ...none })),
  { ask: "create product", variants: [{ price: 1000, stock: 20 }], forSale: true, ...none },
  {
    ask: "create product",
    variants: [
      { price: 700, stock: 10 },
      { price: 900, stock: 3 },
    ],
    forSale: true,
    ...none,
  },
  { ask: "create campaign", discount: { type: "FIXED", amount: 500 }, total: 3, opensIn: 0, closesIn: null, validDays: 1, expiresIn: null, ...none },
  {
    ask: "create campaign",
    discount: { type: "PERCENTAGE", rate: 33 },
    total: 2,
    opensIn: 5 * MINUTE_MS,
    closesIn: 60 * MINUTE_MS,
    validDays: null,
    expiresIn: null,
    ...none,
  },
  { pause: 1 },
  { ask: "grant", users: [0, 1, 2, 3], amount: 6000, ...none },
  { pause: 1 },
];
