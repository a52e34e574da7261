// Something that a user does once, with a button: a claim, an order, a payment.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isUndecided } from "#client";
import { dropKept, keep as keepInBrowser, readKept } from "./storage.ts";

/** One press of a button. `key` stays the same if the same is asked again; `at` is the time of the latest press, in ms since 1970. */
export type Press = { key: string; at: number };

/** What was asked, but not decided as far as the page knows. */
export type Open<Given> = { given: Given; pressedAt: number };

export type Attempt<Given extends unknown[]> = {
  busy: boolean;
  error: unknown;
  /** What may have been done although no answer was heard: it can be asked again, and nothing else instead of it. */
  open: Open<Given> | null;
  run: (...given: Given) => Promise<void>;
  /** The user presses again: asks for what is open. */
  again: () => Promise<void>;
  /** Asks for what is open without a press. Only soon after the press; later it does nothing. */
  goOn: () => Promise<void>;
  forget: () => void;
};

type Kept<Given> = { key: string; given: Given; at: number; pressedAt: number };

export type AttemptOptions = {
  /**
   * For what costs money: the name under which it is kept while it is open. Another `run` then repeats what was asked, whatever is given; also after
   * the page was loaded again. The name includes the user.
   */
  keptAs?: string | undefined;
  /** Whether the user who opened this page still uses it. */
  allowed?: () => boolean;
};

/** Well below the day for which a shop remembers keys: later the same key would be a second order. */
const KEPT_MS = 12 * 3_600_000;

/** For this long after a press the page may send by itself. */
export const PRESS_LASTS_MS = 60_000;

/** Whether a press is recent. A clock that was set back makes it old. */
export const isRecent = (pressedAt: number): boolean => Date.now() >= pressedAt && Date.now() - pressedAt <= PRESS_LASTS_MS;

/**
 * Runs `work`, one at a time. Its key stays the same until the shop has decided: a user who presses again because no answer was heard asks for the
 * same thing, and never buys twice.
 */
export function useAttempt<Given extends unknown[]>(
  work: (press: Press, ...given: Given) => Promise<void>,
  { keptAs, allowed = () => true }: AttemptOptions = {},
): Attempt<Given> {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const kept = useRef<Kept<Given> | undefined>(undefined);
  const open = useSignal<Open<Given> | null>(null);
  const begun = useRef(false);
  const show = (): void => {
    open.value = kept.current ? { given: kept.current.given, pressedAt: kept.current.pressedAt } : null;
  };
  if (!begun.current) {
    begun.current = true;
    kept.current = keptAs === undefined ? undefined : read<Given>(keptAs);
    show();
  }
  const keep = (attempt: Kept<Given> | undefined): void => {
    kept.current = attempt;
    if (keptAs !== undefined) write(keptAs, attempt);
  };
  const attempt = async (mine: Kept<Given>): Promise<void> => {
    if (busy.peek() || !allowed()) return;
    busy.value = true;
    error.value = undefined;
    keep(mine);
    try {
      await work({ key: mine.key, at: mine.pressedAt }, ...mine.given);
      keep(undefined);
    } catch (failure) {
      if (!isUndecided(failure)) keep(undefined);
      error.value = failure;
    } finally {
      busy.value = false;
      show();
    }
  };

  return {
    busy: busy.value,
    error: error.value,
    open: open.value,
    run(...given) {
      const before = kept.current;
      const same = before !== undefined && (keptAs !== undefined || JSON.stringify(before.given) === JSON.stringify(given));
      return attempt(same ? { ...before, pressedAt: Date.now() } : { key: newKey(), given, at: Date.now(), pressedAt: Date.now() });
    },
    again: async () => kept.current && attempt({ ...kept.current, pressedAt: Date.now() }),
    goOn: async () => (kept.current && isRecent(kept.current.pressedAt) ? attempt(kept.current) : undefined),
    forget: () => (error.value = undefined),
  };
}

/**
 * Sends only within `lastsMs` of a press: a retry that a sleeping computer has held back is not sent when it wakes up. It ends as a request that was
 * not answered.
 */
export function soonAfter(press: Press, lastsMs: number, send: typeof fetch): typeof fetch {
  return (input, init) => {
    if (Date.now() < press.at || Date.now() - press.at > lastsMs)
      return Promise.reject(new Error("the press is too long ago to send without another"));
    return send(input, init);
  };
}

const placeOf = (keptAs: string): string => `jangnal.open ${keptAs}`;

function read<Given>(keptAs: string): Kept<Given> | undefined {
  try {
    const kept = JSON.parse(readKept("sessionStorage", placeOf(keptAs)) ?? "null") as Kept<Given> | null;
    return kept !== null && kept.at > Date.now() - KEPT_MS ? kept : undefined;
  } catch {
    return undefined;
  }
}

function write(keptAs: string, attempt: Kept<unknown> | undefined): void {
  if (attempt === undefined) dropKept("sessionStorage", placeOf(keptAs));
  else keepInBrowser("sessionStorage", placeOf(keptAs), JSON.stringify(attempt));
}

const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
