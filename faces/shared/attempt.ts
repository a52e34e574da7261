// Something that a visitor does once, with a button: a claim, an order, a payment.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Unreachable } from "#client";

export type Attempt<Given extends unknown[]> = {
  busy: boolean;
  error: unknown;
  run: (...given: Given) => Promise<void>;
  forget: () => void;
};

/**
 * Runs `work`, one at a time. Its `key` stays the same until the shop has answered: whoever presses again because nothing was heard asks for the same
 * thing, and never buys twice.
 */
export function useAttempt<Given extends unknown[]>(work: (key: string, ...given: Given) => Promise<void>): Attempt<Given> {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const open = useRef<{ key: string; of: string }>(undefined);

  return {
    busy: busy.value,
    error: error.value,
    forget: () => (error.value = undefined),
    async run(...given) {
      if (busy.peek()) return;
      busy.value = true;
      error.value = undefined;
      const of = JSON.stringify(given);
      if (open.current?.of !== of) open.current = { key: newKey(), of };
      try {
        await work(open.current.key, ...given);
        open.current = undefined;
      } catch (failure) {
        if (!(failure instanceof Unreachable)) open.current = undefined;
        error.value = failure;
      } finally {
        busy.value = false;
      }
    },
  };
}

const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
