// Actions of an operator. An action is performed with the token of the operator who pressed the button, or not at all, even if another tab changes
// the session.

import { useRef } from "preact/hooks";
import { type Signal, signal } from "@preact/signals";
import { createShop, type Shop } from "#client";
import { type Attempt, soonAfter, useAttempt as useAnyAttempt } from "../shared/attempt.ts";
import { fetchAndWatch, options } from "./api.ts";
import { currentSession, session } from "./session.ts";

export type ActionContext = {
  /** Idempotency key. */
  key: string;
  /** Client with the token of the operator who pressed. */
  shop: Shop;
};

/** Enough for a large file or a long job. Nothing is sent hours after the press. */
const LASTS_MS = 30 * 60_000;

/** `useAttempt` (shared/attempt.ts) for the operator who opened the page; it does nothing for another operator. */
export function useAttempt<Args extends unknown[]>(work: (context: ActionContext, ...args: Args) => Promise<void>): Attempt<Args> {
  const name = useRef(session.peek()?.name).current;
  return useAnyAttempt(
    (press, ...args: Args) => {
      const token = currentSession()?.token;
      return work(
        { key: press.key, shop: createShop({ ...options, token: () => token, fetch: soonAfter(press, LASTS_MS, fetchAndWatch) }) },
        ...args,
      );
    },
    { allowed: () => name !== undefined && currentSession()?.name === name },
  );
}

/** A signal for each operator that outlives the page. An operator does not see the running actions of another. */
export function perOperator<T>(initial: T): () => Signal<T> {
  const byName = new Map<string, Signal<T>>();
  return () => {
    const name = session.value?.name ?? "";
    const found = byName.get(name) ?? signal(initial);
    byName.set(name, found);
    return found;
  };
}
