// A till on a store in memory that fails on demand, and on a clock on which waiting is instant.

import assert from "node:assert/strict";
import { Refusal, refuse } from "../../src/refusal.ts";
import { type Command, command } from "../../src/till/command.ts";
import { type Changes, type Journal, need, type Table } from "../../src/till/table.ts";
import { LocalTill, type TillOptions } from "../../src/till/till.ts";
import { MemoryStore, type MemoryStoreOptions, type Mishap, type Step } from "./memory-store.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Boxes with a number of things in each, and a journal of all puts in order. */
export const boxes: Table<number> = { name: "variants", load: unused, read: unused, save: unused };
export const journal: Journal<string> = { name: "puts", append: unused };
function unused(): never {
  throw new Error("the store in memory needs no SQL");
}

export type Put = { box: string; word: string; most?: number };

/**
 * Puts a thing into a box and a word into the journal. Returns how many things are in the box, or
 * refuses above `most`.
 */
export const put = command<Put, number>({
  name: "put",
  needs: ({ box }) => [need(boxes, box)],
  decide(uow, { box, word, most = Number.POSITIVE_INFINITY }) {
    const count = (uow.find(boxes, box) ?? 0) + 1;
    uow.put(boxes, box, count);
    uow.append(journal, word);
    if (count > most) refuse("STOCK_INSUFFICIENT", { available: most });
    return count;
  },
});

/** The same command, ready after `ready`. */
export const putLater = (ready: Promise<unknown>): Command<Put, number> => ({ ...put, prepare: (input) => ready.then(() => input) });

export type Fixture = { till: LocalTill; store: MemoryStore; clock: VirtualClock; faults: { command: string; error: unknown }[] };

export function openTill(mishap: MemoryStoreOptions["mishap"] | undefined = undefined, options: Partial<TillOptions> = {}): Fixture {
  const clock = new VirtualClock();
  const store = new MemoryStore({ clock, ...(mishap ? { mishap } : {}) });
  const faults: Fixture["faults"] = [];
  const till = new LocalTill({ store, clock, waitMs: 3000, onFault: (name, error) => faults.push({ command: name, error }), ...options });
  return { till, store, clock, faults };
}

/** Submits commands so that one round serves them all: the first one prepares for a moment. */
export function together({ till, clock }: Fixture, inputs: Put[], as: (input: Put) => Command<Put, number> = () => put): Promise<unknown[]> {
  return outcomes(
    inputs.map((input, i) => till.submit(i === 0 ? { ...as(input), prepare: () => clock.pause(0).then(() => input) } : as(input), input)),
  );
}

/** These mishaps, one at each step of this name, then none. */
export function first(name: Step["name"], ...mishaps: (Mishap | undefined)[]): (step: Step) => Mishap | undefined {
  return (step) => (step.name === name ? mishaps.shift() : undefined);
}

export const words = (changes: Changes): string[] => (changes.journals.get(journal) ?? []) as string[];

/** The answers of commands, or the codes or messages of their errors. */
export async function outcomes(commands: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(commands);
  return settled.map((result) => {
    if (result.status === "fulfilled") return result.value;
    return result.reason instanceof Refusal ? result.reason.code : (result.reason as Error).message;
  });
}

/** No lock is held and no command waits. */
export function assertIdle({ store, till }: Fixture): void {
  assert.deepEqual({ open: store.open, waiting: till.waiting }, { open: 0, waiting: 0 });
}
