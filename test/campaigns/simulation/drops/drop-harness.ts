// One drop with real commands on two tills, on a store in memory that fails as the history says. Each decision, and all rows after each
// round, are compared with the model.

import assert from "node:assert/strict";
import { createUsers } from "../../../../src/balance/create-users.ts";
import { grantBalances } from "../../../../src/balance/grant-balances.ts";
import { adjustStock } from "../../../../src/catalog/adjust-stock.ts";
import { variants } from "../../../../src/catalog/catalog.sql.ts";
import { createProducts } from "../../../../src/catalog/create-products.ts";
import { VariantCache } from "../../../../src/catalog/variant-cache.ts";
import type { Database } from "../../../../src/database/pool.ts";
import type { Statement } from "../../../../src/database/statement.ts";
import { createDrop } from "../../../../src/drop/create-drop.ts";
import { closeEntries, fixRoot, publishDraw } from "../../../../src/drop/draw/draw-steps.ts";
import { stockFinder } from "../../../../src/drop/drop-commands.ts";
import { drops } from "../../../../src/drop/drop.sql.ts";
import { lapseHold, leaveDrop } from "../../../../src/drop/end-entry.ts";
import { enterDrop } from "../../../../src/drop/enter-drop.ts";
import { entryFinder } from "../../../../src/drop/find-entry.ts";
import { people, personKey } from "../../../../src/drop/person.sql.ts";
import { ProductDrops } from "../../../../src/drop/product-drops.ts";
import { stockLine } from "../../../../src/drop/stock-line.ts";
import { closeDrop, pauseDrop, resumeDrop } from "../../../../src/drop/steer-drop.ts";
import { cancelOrder } from "../../../../src/order/cancel-order.ts";
import { OrderCache } from "../../../../src/order/order-cache.ts";
import { NO_VIEWER } from "../../../../src/order/order-view.ts";
import { placeOrder } from "../../../../src/order/place-order.ts";
import { Refusal } from "../../../../src/refusal.ts";
import type { Command } from "../../../../src/till/command.ts";
import { LocalTill } from "../../../../src/till/till.ts";
import { NeedsChanged } from "../../../../src/till/unit-of-work.ts";
import { MemoryStore, type Mishap, type Step } from "../../../support/memory-store.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";
import type { DropEvent, DropHistory } from "./drop-history.ts";
import { DropModel, type DropStep, HOLD_MS, LIMIT } from "./drop-model.ts";
import { derivedTables, guardedTables, preparing } from "./drop-store.ts";

const START = Date.UTC(2028, 1, 28, 13);
const OPEN_MS = 600_000;
const USERS = 7;
const ROOT = "0".repeat(64);
const MINUTE_MS = 60_000;

type Asked = { step: DropStep; decided: number };
/** `orderId`: of an order that was placed. */
type Decision = { asked: Asked; now: number; result: string; orderId?: string };
type Any = Command<unknown, unknown>;
const as = <Input, Answer>(command: Command<Input, Answer>, input: Input): [Any, unknown] => [command, input];

export class DropHarness {
  readonly clock = new VirtualClock(START);
  readonly model: DropModel;
  /** Number of results of each kind. */
  readonly tally = new Map<string, number>();
  commands = 0;
  rounds = 0;
  readonly #store: MemoryStore;
  readonly #tills: LocalTill[];
  readonly #deciding: Decision[] = [];
  readonly #faults: { at: Step["name"]; mishap: Mishap; times: number }[] = [];
  readonly #waiting: Promise<unknown>[] = [];
  readonly #history: DropHistory;
  #commands: ReturnType<typeof commandsOn> | undefined;
  #users: string[] = [];
  #variants: string[] = [];
  #productId = "";
  #dropId = "";
  readonly #orders: string[] = [];
  #ranks: ReadonlyMap<number, number> = new Map();
  #failure: unknown;

  constructor(history: DropHistory) {
    this.#history = history;
    this.model = new DropModel(history.mode, START + OPEN_MS, history.stock, USERS);
    this.#store = new MemoryStore({
      clock: this.clock,
      mishap: ({ name }) => this.#faultAt(name),
      witness: () => this.#deciding.splice(0),
      onEnd: (how, decided) => how === "undone" || this.#check(decided as Decision[]),
      derived: derivedTables(() => this.#ranks),
      guarded: guardedTables,
    });
    const onFault = (name: string, error: unknown): void => {
      if (!["rejected", "conflict"].includes((error as Error).message)) this.#failure ??= new Error(`${name} failed`, { cause: error });
    };
    this.#tills = [4, 16].map((roundSize) => new LocalTill({ store: this.#store, clock: this.clock, waitMs: 3000, roundSize, onFault }));
  }

  /** Errors: a difference to the model. */
  async run(): Promise<void> {
    await this.#prepare();
    for (const event of this.#history.events) {
      await this.#apply(event);
      if (this.#failure) throw this.#failure;
    }
    this.#faults.length = 0;
    await this.clock.run(Promise.all(this.#waiting));
    await this.clock.advance(MINUTE_MS);
    if (this.#failure) throw this.#failure;
    assert.equal(this.#store.open, 0, "locks are still held");
  }

  async #prepare(): Promise<void> {
    const rows = preparing(this.#store);
    const database = { rows: async (statement: Statement) => rows(statement) } as unknown as Database;
    this.#commands = commandsOn(database, (number) => this.#ranks.get(number) ?? null);
    const till = this.#tills[0] as LocalTill;
    const done = <Input, Answer>(command: Command<Input, Answer>, input: Input): Promise<Answer> => this.clock.run(till.submit(command, input));
    for (let i = 0; i < USERS; i++) {
      const made = (await done(createUsers, { users: [{ name: "a user", externalId: null }], bulk: false })) as { id: string }[];
      this.#users.push(made[0]?.id ?? "");
    }
    await done(grantBalances, { grants: this.#users.map((userId) => ({ userId, amount: 100_000, reason: "simulated" })), balanceMax: 1_000_000 });
    const sizes = this.#history.stock.map((stock, i) => ({ options: { size: `${i}` }, price: 10, stock }));
    const [product] = (await done(createProducts, { products: [{ name: "a product", status: "ON_SALE", variants: sizes }] })) as unknown as [
      { id: string; variants: { id: string }[] },
    ];
    this.#productId = product.id;
    this.#variants = product.variants.map(({ id }) => id);
    const { mode } = this.#history;
    const terms = { name: "a drop", opensAt: START, closesAt: START + OPEN_MS, limitPerCustomer: LIMIT, holdFor: "PT1M", waitlist: true };
    const drop = await done(createDrop(database), {
      productId: product.id,
      mode,
      terms: { ...terms, publicValueSource: null, metadata: {} },
      seed: ROOT,
    });
    this.#dropId = drop.id;
  }

  async #apply(event: DropEvent): Promise<void> {
    if ("pause" in event) return this.clock.advance(event.pause);
    if ("mishap" in event) return void this.#faults.push({ ...event });
    if ("clock" in event) return this.#forward(event.clock);
    for (const step of this.#stepsOf(event)) this.#submit(step, event.at);
  }

  /** The steps of an event. Each due hold lapses; a draw is made in its three steps, of the entries that wait. */
  #stepsOf(event: Extract<DropEvent, { ask: string }>): DropStep[] {
    const { entries, mode } = this.model;
    const now = Math.floor(this.clock.now());
    switch (event.ask) {
      case "lapse":
        return entries.filter((entry) => this.model.isDue(entry, now)).map(({ number, user }) => ({ kind: "lapse", number, user }));
      case "draw":
        if (mode !== "DRAW") return [];
        // Before the close there is nothing to rank.
        return [{ kind: "close entries" }, ...(now < this.model.closesAt ? [] : [{ kind: "draw" as const, ranks: this.#rank() }])];
      case "pause":
      case "resume":
      case "close":
        return [{ kind: event.ask }];
      case "cancel":
        return event.order < this.#orders.length ? [{ kind: "cancel", order: event.order }] : [];
      case "add stock":
        return [{ kind: "add stock", variant: event.variant, units: event.units }];
      case "leave":
        return [{ kind: "leave", user: event.user }];
      case "enter":
      case "order":
        return [{ kind: event.ask, user: event.user, variant: event.variant, quantity: event.quantity }];
    }
  }

  /** Some order of the entries: the real one is a test of its own. */
  #rank(): ReadonlyMap<number, number> {
    if (this.model.isDrawn) return this.#ranks;
    const numbers = this.model.entries.map(({ number }) => number).sort((a, b) => ((a * 7919) % 31) - ((b * 7919) % 31) || a - b);
    return new Map(numbers.map((number, i) => [number, i + 1]));
  }

  #submit(step: DropStep, at: number): void {
    const asked: Asked = { step, decided: 0 };
    this.commands++;
    // Ranks are written before the draw is made.
    if (step.kind === "draw" && !this.model.isDrawn) this.#ranks = step.ranks;
    const till = this.#tills[at] as LocalTill;
    for (const [command, input] of this.#commandsFor(step)) {
      const done = till.submit(this.#watch(asked, command), input);
      this.#waiting.push(
        done.catch((error: unknown) => {
          if (!(error instanceof Refusal) && (error as Error).message !== "rejected") this.#failure ??= error;
        }),
      );
    }
  }

  #commandsFor(step: DropStep): [Any, unknown][] {
    const { enter, leave, lapse, pause, resume, close, publish, order, cancel, stock } = this.#commands as ReturnType<typeof commandsOn>;
    const dropId = this.#dropId;
    const userId = "user" in step ? (this.#users[step.user] ?? "") : "";
    const variantId = "variant" in step ? (this.#variants[step.variant] ?? "") : "";
    switch (step.kind) {
      case "enter":
        return [as(enter, { dropId, userId, person: userId, variantId, quantity: step.quantity })];
      case "leave":
        return [as(leave, { dropId, person: userId, userId })];
      case "lapse":
        return [as(lapse, { dropId, person: userId, number: step.number })];
      case "order": {
        const lineItems = [{ productId: this.#productId, variantId, quantity: step.quantity }];
        const terms = { userCouponId: null, method: "BALANCE" as const, expectedAmount: null, orderedAt: null, expiresAfterMs: MINUTE_MS };
        return [as(order, { userId, person: userId, lineItems, ...terms, viewer: NO_VIEWER })];
      }
      case "cancel":
        return [
          as(cancel, {
            orderId: this.#orders[step.order] ?? "",
            callerId: null,
            askAfterMs: 0,
            cancelWithinMs: OPEN_MS * 100,
            viewer: NO_VIEWER,
          }),
        ];
      case "add stock":
        return [as(stock, { variantId, delta: step.units, reason: "simulated" })];
      case "close entries":
        return [as(closeEntries, { dropId })];
      case "draw":
        // The root is fixed in a round of its own, which the model does not know.
        return [
          [
            { ...(fixRoot as unknown as Any), name: "fix" },
            { dropId, entriesRoot: ROOT, entryCount: step.ranks.size },
          ],
          as(publish, { dropId }),
        ];
      case "pause":
      case "resume":
      case "close":
        return [as({ pause, resume, close }[step.kind], { dropId })];
    }
  }

  #watch(asked: Asked, command: Any): Any {
    if (command.name === "fix") return command;
    const note = (now: number, result: string, orderId?: string): void =>
      void this.#deciding.push({ asked, now, result, ...(orderId === undefined ? {} : { orderId }) });
    return {
      ...command,
      decide: (uow, input) => {
        try {
          const answer = command.decide(uow, input);
          note(uow.now, resultOf(asked.step, answer), asked.step.kind === "order" ? orderOf(answer) : undefined);
          return answer;
        } catch (error) {
          if (error instanceof Refusal) note(uow.now, codeOf(error));
          else if (!(error instanceof NeedsChanged)) this.#failure ??= error;
          throw error;
        }
      },
    };
  }

  /** Compares a round with the model: each decision in turn, then all entries and the free stock. */
  #check(decided: readonly Decision[]): void {
    if (this.#failure) return;
    try {
      for (const { asked, now, result, orderId } of decided) {
        assert.equal(asked.decided++, 0, `${JSON.stringify(asked.step)} was executed again`);
        const expected = this.model.do(asked.step, now);
        assert.equal(result, expected, `${JSON.stringify(asked.step)} at ${now}`);
        if (orderId !== undefined) this.#orders.push(orderId);
        const outcome = `${asked.step.kind}: ${result}`;
        this.tally.set(outcome, (this.tally.get(outcome) ?? 0) + 1);
      }
      if (decided.length === 0) return;
      this.rounds++;
      this.#checkRows();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #checkRows(): void {
    const { entries, free } = this.model;
    const stock = this.#variants.map((id) => this.#store.row(variants, id)?.stock);
    assert.deepEqual(stock, free, "free stock");
    for (const [user, userId] of this.#users.entries()) {
      const expected = this.model.last(user);
      const person = this.#store.row(people, personKey(this.#dropId, userId));
      const entry = person?.entry;
      const shown = entry && [entry.number, this.#variants.indexOf(entry.variantId), entry.status];
      assert.deepEqual(shown ?? undefined, expected && [expected.number, expected.variant, expected.status], `the last entry of user ${user}`);
      assert.ok((person?.units ?? 0) <= LIMIT, `user ${user} has ${person?.units} units`);
    }
    if (!this.model.isClosed) assert.equal(this.#store.row(drops, this.#dropId)?.pausedMs, this.model.pausedMs, "pauses");
    const held = entries.filter(({ status }) => status === "HELD").length;
    assert.equal(this.#store.rows(people).filter(({ entry }) => entry?.status === "HELD").length, held, "holds");
  }

  #forward(to: Extract<DropEvent, { clock: string }>["clock"]): void {
    const now = this.clock.now();
    const hold = to === "a hold" ? HOLD_MS : HOLD_MS - 1;
    this.clock.set(to === "the close" ? Math.max(now, this.model.closesAt) : now + hold);
  }

  #faultAt(at: Step["name"]): Mishap | undefined {
    const next = this.#faults.findIndex((one) => one.at === at);
    const found = this.#faults[next];
    if (!found) return undefined;
    if (--found.times === 0) this.#faults.splice(next, 1);
    return found.mishap;
  }
}

function commandsOn(database: Database, rankOf: (number: number) => number | null) {
  const productDrops = new ProductDrops(database);
  const variantCache = new VariantCache(database);
  const orderCache = new OrderCache(database, productDrops);
  const findEntry = entryFinder(database);
  const findStock = stockFinder(database);
  return {
    enter: enterDrop(productDrops, variantCache),
    leave: leaveDrop(productDrops, findEntry, async (_dropId, number) => rankOf(number)),
    lapse: lapseHold(productDrops, findEntry),
    pause: pauseDrop(findStock),
    resume: resumeDrop(findStock),
    close: closeDrop(findStock),
    publish: publishDraw(findStock),
    order: placeOrder(variantCache, database, productDrops),
    cancel: cancelOrder(orderCache),
    stock: adjustStock(stockLine(database)),
  };
}

/** In the model's terms. */
function resultOf({ kind }: DropStep, answer: unknown): string {
  if (kind === "enter") return (answer as { status: string }).status;
  if (kind === "order") return "BOUGHT";
  if (kind === "lapse") return answer === true ? "LAPSED" : "not due";
  if (kind === "close entries" || kind === "draw") return answer === true ? "done" : "not now";
  return "done";
}

/** The first phase of a two-phase command returns its answer here, since there are no cards. */
function orderOf(answer: unknown): string {
  const { orderId, answer: inner } = answer as { orderId?: string; answer?: { orderId: string } };
  return orderId ?? inner?.orderId ?? "";
}

function codeOf({ code, details }: Refusal): string {
  return details["reason"] === undefined ? code : `${code} ${String(details["reason"])}`;
}
