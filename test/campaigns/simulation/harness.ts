// One simulated shop: real commands and real tills on a store in memory that fails when the history says so, on a clock on which waiting
// takes no time; and beside it the model, which is asked after every round whether that was right.

import assert from "node:assert/strict";
import { carts } from "../../../src/cart/cart.sql.ts";
import { variants } from "../../../src/catalog/catalog.sql.ts";
import type { Database } from "../../../src/database/pool.ts";
import type { Statement } from "../../../src/database/statement.ts";
import { type KeyedResponse, idempotent } from "../../../src/idempotency/idempotent-command.ts";
import { orderItems, orders } from "../../../src/order/order.sql.ts";
import { Refusal } from "../../../src/refusal.ts";
import type { Command } from "../../../src/till/command.ts";
import type { Changes } from "../../../src/till/table.ts";
import { NeedsChanged } from "../../../src/till/unit-of-work.ts";
import { MemoryStore, type Mishap, type Step as StoreStep } from "../../support/memory-store.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import type { Event } from "./history.ts";
import { checkInvariants } from "./invariants.ts";
import { type Decision, Checker, type Visit } from "./checker.ts";
import { Model } from "./model.ts";
import { openCommands, Process } from "./process.ts";
import type { Step } from "./steps.ts";
import { Registry } from "./registry.ts";

/** 2028-02-28, a leap year's, two hours before midnight in Seoul. */
const START = Date.UTC(2028, 1, 28, 13);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SEOUL_MS = 9 * 60 * MINUTE_MS;

export class Harness {
  readonly clock = new VirtualClock(START);
  readonly model = new Model();
  readonly judge = new Checker(this.model);
  readonly store: MemoryStore;
  readonly #things: Registry;
  /** Commands that came, and rounds that were written. */
  commands = 0;
  rounds = 0;
  readonly #processes: Process[] = [];
  #opened = 0;
  readonly #visits: Visit[] = [];
  readonly #waiting: Promise<void>[] = [];
  /** What the round that is being decided has decided so far. */
  readonly #deciding: Decision[] = [];
  readonly #mishaps: { at: StoreStep["name"]; mishap: Mishap; times: number }[] = [];
  #slow: { at: StoreStep["name"]; ms: number } | undefined;
  #wrong: unknown;

  /** @param processes how many instances of the shop there are at a time */
  constructor(processes: number) {
    present = this;
    this.store = new MemoryStore({
      clock: this.clock,
      mishap: ({ name }) => this.#mishap(name),
      witness: () => this.#deciding.splice(0),
      onEnd: (how, decided, changes) => how === "undone" || this.#over(decided as Decision[], changes),
    });
    this.#things = new Registry(this.store, this.model);
    for (let i = 0; i < processes; i++) this.#processes.push(this.#open() as Process);
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
    for (const visit of this.#visits) this.judge.checkAnswer(visit);
    checkInvariants(this.store);
    assert.equal(this.store.open, 0, "locks were left behind");
  }

  async #happen(event: Event): Promise<void> {
    if ("ask" in event) {
      for (const step of this.#things.steps(event, this.clock.now())) this.#submit(step, event.at, event.key === null ? null : `key ${event.key}`);
    } else if ("again" in event) {
      const keyed = this.#visits.filter(({ key }) => key !== null);
      const visit = keyed[event.again % keyed.length];
      if (visit) this.#submit(visit.step, event.at, visit.key);
    } else if ("pause" in event) await this.clock.advance(event.pause);
    else if ("clock" in event) this.clock.set(this.#moment(event.clock));
    else if ("mishap" in event) this.#mishaps.push({ ...event });
    else if ("slow" in event) this.#slow = { at: event.slow, ms: event.ms };
    else this.#restart(event.restart % this.#processes.length);
  }

  #submit(step: Step, at: number, key: string | null): void {
    const process = this.#processes[at % this.#processes.length] as Process;
    const visit: Visit = { number: this.#visits.length, process, step, key, came: undefined, stands: [], cameAgain: false };
    this.#visits.push(visit);
    this.commands++;
    const [command, input] = process.commandFor(step);
    const watched = this.#watch(visit, command);
    const fingerprint = JSON.stringify(step);
    const submitted =
      key === null
        ? process.till.submit(watched, input)
        : process.till.submit(this.#watchKept(visit, idempotent(watched, { caller: "somebody", key, fingerprint }, render, "en")), input);
    const answered = submitted.then(
      (answer) => void (visit.came = key === null ? unwrap(answer) : (answer as KeyedResponse).body),
      (error: unknown) => void (visit.came = error instanceof Refusal ? codeOf(error) : error),
    );
    this.#waiting.push(Promise.race([answered, process.died]));
  }

  /** Notes what a command decides. */
  #watch(visit: Visit, command: Command<unknown, unknown>): Command<unknown, unknown> {
    return {
      ...command,
      decide: (uow, input) => {
        try {
          const answer = command.decide(uow, input);
          this.#deciding.push({ visit, now: uow.now, result: { answer: unwrap(answer) }, body: undefined });
          return answer;
        } catch (error) {
          if (error instanceof NeedsChanged) visit.cameAgain = true;
          else if (error instanceof Refusal) this.#deciding.push({ visit, now: uow.now, result: { refusal: codeOf(error) }, body: undefined });
          else this.#wrong ??= error;
          throw error;
        }
      },
    };
  }

  /** Notes what a keyed command answers, be it new or what was kept. */
  #watchKept(visit: Visit, command: Command<unknown, KeyedResponse>): Command<unknown, KeyedResponse> {
    return {
      ...command,
      decide: (uow, input) => {
        const before = this.#deciding.length;
        try {
          const answer = command.decide(uow, input);
          if (answer.replayed) this.#deciding.push({ visit, now: uow.now, result: undefined, body: answer.body });
          else (this.#deciding.at(-1) as Decision).body = answer.body;
          return answer;
        } catch (error) {
          if (this.#deciding.length === before && error instanceof Refusal)
            this.#deciding.push({ visit, now: uow.now, result: { refusal: codeOf(error) }, body: undefined });
          throw error;
        }
      },
    };
  }

  /** A round has ended, and what it decided stands: it was written, or had nothing to write. */
  #over(decided: Decision[], changes: Changes | undefined): void {
    if (this.#wrong) return;
    try {
      this.judge.checkRound(decided, changes);
      for (const { visit, result } of decided) if (result && "answer" in result) this.#things.learn(visit.step, result.answer);
      if (!changes) return;
      this.rounds++;
      checkInvariants(this.store);
    } catch (error) {
      this.#wrong ??= error;
    }
  }

  async #mishap(at: StoreStep["name"]): Promise<Mishap | undefined> {
    if (this.#slow?.at === at) {
      const { ms } = this.#slow;
      this.#slow = undefined;
      await this.clock.pause(ms);
    }
    const next = this.#mishaps.findIndex((one) => one.at === at);
    const found = this.#mishaps[next];
    if (!found) return undefined;
    if (--found.times === 0) this.#mishaps.splice(next, 1);
    this.judge.count(`at ${at}: ${found.mishap}`);
    return found.mishap;
  }

  /** The next process, or none where there have been enough. */
  #open(): Process | undefined {
    const number = this.#opened++;
    const commands = COMMANDS[number];
    if (!commands) return undefined;
    return new Process({
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
    (this.#processes[i] as Process).die();
    this.#processes[i] = next;
    this.judge.count("a process died");
  }

  /** What commands read before their turn. */
  rows({ name, values: [first, second] }: Statement): unknown[] {
    const ids = String(first).replaceAll(/[{}]/g, "").split(",");
    const cart = this.store.row(carts, first as string) ?? [];
    if (name === "select variant ids") return this.#variantIds(ids);
    if (name === "select immutable orders") return ids.flatMap((id) => this.#immutableOrder(id));
    if (name === "select cart variants") return cart;
    if (name === "select cart variant") return cart.filter((item) => item.id === second);
    throw new Error(`the simulation knows no statement ${name}`);
  }

  #variantIds(productIds: string[]): { productId: string; variantIds: string[] }[] {
    const all = this.store.rows(variants).toSorted((a, b) => a.position - b.position);
    return productIds
      .map((productId) => ({ productId, variantIds: all.filter((one) => one.productId === productId).map(({ id }) => id) }))
      .filter(({ variantIds }) => variantIds.length > 0);
  }

  #immutableOrder(id: string): unknown[] {
    const order = this.store.row(orders, id);
    return order ? [{ id, userId: order.userId, userCouponId: order.userCouponId, lineItems: this.store.row(orderItems, id) }] : [];
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
}

/** The world that lives now. Histories live one after the other. */
let present: Harness;
const database = { rows: async (statement: Statement) => present.rows(statement) } as unknown as Database;
/** For as many processes as a world may see. What one knows of another world's things does no harm, and to make room anew takes longer than to live. */
const COMMANDS = Array.from({ length: 12 }, () => openCommands(database));

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
