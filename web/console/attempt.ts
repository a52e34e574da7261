// What an operator does with a button is done with the token of that operator, or not at all, whatever other tabs do meanwhile.

import { useRef } from "preact/hooks";
import { type Signal, signal } from "@preact/signals";
import { createShop, type Shop } from "#client";
import { type Attempt, soonAfter, useAttempt as useAnyAttempt } from "../shared/attempt.ts";
import { listen, options } from "./api.ts";
import { session, sessionNow } from "./session.ts";

export type Mine = {
  key: string;
  /** Calls the shop with the token of the operator who pressed. */
  shop: Shop;
};

/** A large file or a job takes its time, but nothing is sent hours after the press. */
const LASTS_MS = 30 * 60_000;

/** `useAttempt` (shared/attempt.ts) for the operator who opened the page: it does nothing for another. */
export function useAttempt<Given extends unknown[]>(work: (mine: Mine, ...given: Given) => Promise<void>): Attempt<Given> {
  const name = useRef(session.peek()?.name).current;
  return useAnyAttempt(
    (press, ...given: Given) => {
      const token = sessionNow()?.token;
      return work({ key: press.key, shop: createShop({ ...options, token: () => token, fetch: soonAfter(press, LASTS_MS, listen) }) }, ...given);
    },
    { allowed: () => name !== undefined && sessionNow()?.name === name },
  );
}

/** A signal that outlives a page, one for each operator: what one has started is not shown to the next. */
export function operatorsOwn<T>(initial: T): () => Signal<T> {
  const all = new Map<string, Signal<T>>();
  return () => {
    const name = session.value?.name ?? "";
    const own = all.get(name) ?? signal(initial);
    all.set(name, own);
    return own;
  };
}
