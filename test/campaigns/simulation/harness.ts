// A simulated shop: real commands and tills on an in-memory store that fails as the history says, with a virtual clock. The checker
// compares every round with the model.

import assert from "node:assert/strict";
import { externalIds, users } from "../../../src/balance/balance.sql.ts";
import { type Profile, profiles } from "../../../src/balance/profile.sql.ts";
import { carts } from "../../../src/cart/cart.sql.ts";
import { variants } from "../../../src/catalog/catalog.sql.ts";
import type { Database } from "../../../src/database/pool.ts";
import type { Statement } from "../../../src/database/statement.ts";
import { type KeyedResponse, idempotent } from "../../../src/idempotency/idempotent-command.ts";
import { returns } from "../../../src/fulfilment/return.sql.ts";
import { orders } from "../../../src/order/order.sql.ts";
import { type Belongings, belongings } from "../../../src/privacy/belongings.sql.ts";
import { Refusal } from "../../../src/refusal.ts";
import type { Command } from "../../../src/till/command.ts";
import type { Change, Changes, Table } from "../../../src/till/table.ts";
import { NeedsChanged } from "../../../src/till/unit-of-work.ts";
import { listed } from "../../support/listed.ts";
import { MemoryStore, type Mishap, type Step as StoreStep } from "../../support/memory-store.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import type { Event } from "./history.ts";
import { checkInvariants } from "./invariants.ts";
import { type Decision, Checker, type SimulatedRequest } from "./checker.ts";
import { Model } from "./model.ts";
import { openCommands, Process } from "./process.ts";
import type { Step } from "./steps.ts";
import { Registry } from "./registry.ts";

/** Two hours before midnight in Seoul on 2028-02-28, in a leap year. */
const START = Date.UTC(2028, 1, 28, 13);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SEOUL_MS = 9 * 60 * MINUTE_MS;

export class Harness {
  readonly clock = new VirtualClock(START);
  readonly model = new Model();
  readonly checker = new Checker(this.model);
  readonly store: MemoryStore;
  readonly #registry: Registry;
  /** Profiles that were changed; the others are those of the created users. */
  readonly #profiles = new Map<string, Profile>();
  /** Number of submitted commands and of committed rounds. */
  commands = 0;
  rounds = 0;
  readonly #processes: Process[] = [];
  #opened = 0;
  readonly #requests: SimulatedRequest[] = [];
  readonly #waiting: Promise<void>[] = [];
  /** Decisions of the current round so far. */
  readonly #deciding: Decision[] = [];
  readonly #faults: { at: StoreStep["name"]; mishap: Mishap; times: number }[] = [];
  #slow: { at: StoreStep["name"]; ms: number } | undefined;
  #failure: unknown;

  /** @param processes number of concurrent shop instances */
  constructor(processes: number) {
    current = this;
    this.store = new MemoryStore({
      clock: this.clock,
      mishap: ({ name }) => this.#faultAt(name),
      witness: () => this.#deciding.splice(0),
      onEnd: (how, decided, changes) => how === "undone" || this.#onEnd(decided as Decision[], changes),
      derived: userParts(this.#profiles),
      freed: new Map([[externalIds, ""]]),
    });
    this.#registry = new Registry(this.store, this.model);
    for (let i = 0; i < processes; i++) this.#processes.push(this.#open() as Process);
  }

  /** Runs a history. Errors: a difference to the model, a violated invariant or a broken promise of the till. */
  async run(history: readonly Event[]): Promise<void> {
    for (const event of [...PRELUDE, ...history]) {
      await this.#apply(event);
      if (this.#failure) throw this.#failure;
    }
    this.#faults.length = 0;
    this.#slow = undefined;
    await this.clock.run(Promise.all(this.#waiting));
    await this.clock.advance(MINUTE_MS); // Requests of dead processes arrive.
    if (this.#failure) throw this.#failure;
    for (const request of this.#requests) this.checker.checkResponse(request);
    checkInvariants(this.store);
    assert.equal(this.store.open, 0, "locks are still held");
  }

  async #apply(event: Event): Promise<void> {
    if ("ask" in event) {
      for (const step of this.#registry.steps(event, Math.floor(this.clock.now())))
        this.#submit(step, event.at, event.key === null ? null : `key ${event.key}`);
    } else if ("again" in event) {
      const keyed = this.#requests.filter(({ key }) => key !== null);
      const request = keyed[event.again % keyed.length];
      if (request) this.#submit(request.step, event.at, request.key);
    } else if ("pause" in event) await this.clock.advance(event.pause);
    else if ("clock" in event) this.clock.set(this.#moment(event.clock));
    else if ("mishap" in event) this.#faults.push({ ...event });
    else if ("slow" in event) this.#slow = { at: event.slow, ms: event.ms };
    else this.#restart(event.restart % this.#processes.length);
  }

  #submit(step: Step, at: number, key: string | null): void {
    const process = this.#processes[at % this.#processes.length] as Process;
    const request: SimulatedRequest = { number: this.#requests.length, process, step, key, response: undefined, decisions: [], lostTurn: false };
    this.#requests.push(request);
    this.commands++;
    const [command, input] = process.commandFor(step);
    const watched = this.#watch(request, command);
    const fingerprint = JSON.stringify(step);
    const submitted =
      key === null
        ? process.till.submit(watched, input)
        : process.till.submit(this.#watchIdempotent(request, idempotent(watched)), {
            input,
            key: { caller: "a caller", key, fingerprint },
            status: 200,
            locale: "en",
          });
    const finished = submitted.then(
      (answer) => void (request.response = key === null ? unwrap(answer) : (answer as KeyedResponse).body),
      (error: unknown) => void (request.response = error instanceof Refusal ? codeOf(error) : error),
    );
    this.#waiting.push(Promise.race([finished, process.died]));
  }

  /** Records the decisions of a command. */
  #watch(request: SimulatedRequest, command: Command<unknown, unknown>): Command<unknown, unknown> {
    return {
      ...command,
      view: unwrap,
      decide: (uow, input) => {
        try {
          const answer = command.decide(uow, input);
          this.#deciding.push({ request, now: uow.now, result: { answer: unwrap(answer) }, body: undefined });
          return answer;
        } catch (error) {
          if (error instanceof NeedsChanged) request.lostTurn = true;
          else if (error instanceof Refusal) this.#deciding.push({ request, now: uow.now, result: { refusal: codeOf(error) }, body: undefined });
          else this.#failure ??= error;
          throw error;
        }
      },
    };
  }

  /** Records the responses of an idempotent command, new or stored. */
  #watchIdempotent<Input>(request: SimulatedRequest, command: Command<Input, KeyedResponse>): Command<Input, KeyedResponse> {
    return {
      ...command,
      decide: (uow, input) => {
        const before = this.#deciding.length;
        try {
          const answer = command.decide(uow, input);
          if (answer.replayed) this.#deciding.push({ request, now: uow.now, result: undefined, body: answer.body });
          else (this.#deciding.at(-1) as Decision).body = answer.body;
          return answer;
        } catch (error) {
          if (this.#deciding.length === before && error instanceof Refusal)
            this.#deciding.push({ request, now: uow.now, result: { refusal: codeOf(error) }, body: undefined });
          throw error;
        }
      },
    };
  }

  /** Checks a round that was committed or had nothing to write. */
  #onEnd(decided: Decision[], changes: Changes | undefined): void {
    if (this.#failure) return;
    try {
      this.checker.checkRound(decided, changes, this.clock.now());
      for (const { key, after } of (changes?.tables.get(profiles) ?? []) as Change<Profile>[]) this.#profiles.set(key, after);
      for (const { request, result } of decided) if (result && "answer" in result) this.#registry.learn(request.step, result.answer);
      if (!changes) return;
      this.rounds++;
      checkInvariants(this.store);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  async #faultAt(at: StoreStep["name"]): Promise<Mishap | undefined> {
    if (this.#slow?.at === at) {
      const { ms } = this.#slow;
      this.#slow = undefined;
      await this.clock.pause(ms);
    }
    const next = this.#faults.findIndex((one) => one.at === at);
    const found = this.#faults[next];
    if (!found) return undefined;
    if (--found.times === 0) this.#faults.splice(next, 1);
    this.checker.count(`at ${at}: ${found.mishap}`);
    return found.mishap;
  }

  /** Opens a process; returns undefined after the last one. */
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
        if (!["rejected", "conflict"].includes((error as Error).message)) this.#failure ??= new Error(`${name} failed`, { cause: error });
      },
      forget: () => void (this.#deciding.length = 0),
    });
  }

  #restart(i: number): void {
    const next = this.#open();
    if (!next) return;
    (this.#processes[i] as Process).die();
    this.#processes[i] = next;
    this.checker.count("a process died");
  }

  /** Rows that commands read before their round. */
  rows({ name, values: [first, second] }: Statement): unknown[] {
    const ids = listed(first);
    const cart = this.store.row(carts, first as string) ?? [];
    if (name === "select variant ids") return this.#variantIds(ids);
    if (name === "select immutable orders") return ids.flatMap((id) => this.#immutableOrder(id));
    // No product of the simulation is in a drop.
    if (name === "select drop sales") return [];
    if (name === "select return") return this.store.rows(returns).flatMap((all) => all.filter(({ id }) => id === first));
    if (name === "select order ids of user") return this.store.rows(orders).filter(({ userId }) => userId === first);
    // No response of the simulation is stored for a user.
    if (name === "select responses about user") return [];
    if (name === "select cart variants") return cart;
    if (name === "select cart variant") return cart.filter((item) => item.id === second);
    throw new Error(`the simulation does not know the statement ${name}`);
  }

  #variantIds(productIds: string[]): { productId: string; variantIds: string[]; variantsAdded: number }[] {
    const all = this.store.rows(variants).toSorted((a, b) => a.position - b.position);
    return productIds
      .map((productId) => ({ productId, variantIds: all.filter((one) => one.productId === productId).map(({ id }) => id), variantsAdded: 0 }))
      .filter(({ variantIds }) => variantIds.length > 0);
  }

  #immutableOrder(id: string): unknown[] {
    const order = this.store.row(orders, id);
    return order ? [{ id, userId: order.userId, userCouponId: order.userCouponId, lineItems: order.items }] : [];
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
      case "next deadline":
        return Number.isFinite(end) ? end : now;
      case "before next deadline":
        return Number.isFinite(end) ? end - 1 : now;
    }
  }
}

/** The parts of users' rows that have no table of their own. */
function userParts(changed: ReadonlyMap<string, Profile>) {
  const parts = new Map<Table<unknown>, (store: MemoryStore, id: string) => unknown>();
  parts.set(profiles, (store, id): Profile | undefined => {
    const created = store.row(users, id)?.created;
    return changed.get(id) ?? (created && { id, name: created.name, externalId: created.externalId, metadata: {}, erasedAt: null });
  });
  parts.set(belongings, (store, id): Belongings => {
    const own = store.rows(orders).filter(({ userId }) => userId === id);
    return { orderIds: own.map((order) => order.id).toSorted(), openCharges: 0 };
  });
  return parts;
}

/** The current harness. Histories run one after the other. */
let current: Harness;
const database = { rows: async (statement: Statement) => current.rows(statement) } as unknown as Database;
/** Commands for every process of a harness. They are reused, since their caches only hold immutable rows and are expensive to create. */
const COMMANDS = Array.from({ length: 12 }, () => openCommands(database, () => current.clock.now()));

/** The first phase of a two-phase command returns its answer here, since there are no cards. */
function unwrap(answer: unknown): unknown {
  const first = answer as { kind?: string; answer?: unknown } | null;
  return first?.kind === "answer" ? first.answer : answer;
}

function codeOf({ code, details }: Refusal): string {
  return details["reason"] === undefined ? code : `${code} ${String(details["reason"])}`;
}

/** The start of every history: users, products, campaigns and balances. */
const none = { key: null, at: 0 };
const PRELUDE: Event[] = [
  ...[null, 0, 1, null, 2, null].map((external): Event => ({ ask: "create user", external, ...none })),
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
