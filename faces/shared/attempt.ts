// Something that a visitor does once, with a button: a claim, an order, a payment.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isUndecided } from "#client";

export type Attempt<Given extends unknown[]> = {
  busy: boolean;
  error: unknown;
  /** What may have been done although nobody has heard so: it can be asked again, and nothing else instead of it. */
  open: Given | null;
  run: (...given: Given) => Promise<void>;
  /** Asks again what is open. */
  again: () => Promise<void>;
  forget: () => void;
  /** What was open is not to be asked again. */
  drop: () => void;
};

type Open<Given> = { key: string; given: Given; at: number };

/** Well below what a shop remembers keys for (a day): later the same key would be a second order. */
const KEPT_MS = 12 * 3_600_000;

/**
 * Runs `work`, one at a time. Its `key` stays the same until the shop has decided: whoever presses again because nothing was heard asks for the same
 * thing, and never buys twice.
 * @param keptAs for what costs money: while it is open, another `run` repeats what was asked, whatever is given; also after the page was loaded anew
 */
export function useAttempt<Given extends unknown[]>(work: (key: string, ...given: Given) => Promise<void>, keptAs?: string): Attempt<Given> {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const kept = useRef<Open<Given> | undefined>(undefined);
  const open = useSignal<Given | null>(null);
  const begun = useRef(false);
  if (!begun.current) {
    begun.current = true;
    kept.current = keptAs === undefined ? undefined : read<Given>(keptAs);
    open.value = kept.current?.given ?? null;
  }
  const keep = (attempt: Open<Given> | undefined): void => {
    kept.current = attempt;
    if (keptAs !== undefined) write(keptAs, attempt);
  };
  const attempt = async (mine: Open<Given>): Promise<void> => {
    if (busy.peek()) return;
    busy.value = true;
    error.value = undefined;
    keep(mine);
    try {
      await work(mine.key, ...mine.given);
      keep(undefined);
    } catch (failure) {
      if (!isUndecided(failure)) keep(undefined);
      error.value = failure;
    } finally {
      busy.value = false;
      open.value = kept.current?.given ?? null;
    }
  };

  return {
    busy: busy.value,
    error: error.value,
    open: open.value,
    run(...given) {
      const before = kept.current;
      const same = before !== undefined && (keptAs !== undefined || JSON.stringify(before.given) === JSON.stringify(given));
      return attempt(same ? before : { key: newKey(), given, at: Date.now() });
    },
    again: async () => kept.current && attempt(kept.current),
    forget: () => (error.value = undefined),
    drop() {
      keep(undefined);
      open.value = null;
    },
  };
}

const placeOf = (keptAs: string): string => `jangnal.open ${keptAs}`;

function read<Given>(keptAs: string): Open<Given> | undefined {
  const kept = JSON.parse(sessionStorage.getItem(placeOf(keptAs)) ?? "null") as Open<Given> | null;
  return kept !== null && kept.at > Date.now() - KEPT_MS ? kept : undefined;
}

function write(keptAs: string, attempt: Open<unknown> | undefined): void {
  if (attempt === undefined) sessionStorage.removeItem(placeOf(keptAs));
  else sessionStorage.setItem(placeOf(keptAs), JSON.stringify(attempt));
}

const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
