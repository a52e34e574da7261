// An action that a user starts with a button and that must happen once: a claim, an order, a payment.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isUndecided } from "#client";
import { readStored, removeStored, store } from "./storage.ts";

/** One press of a button. A repeat of the same action has the same `key`; `at` is the time of the latest press, in ms since 1970. */
export type Press = { key: string; at: number };

/** An action with an unknown outcome: the shop has not answered it. */
export type Undecided<Args> = { args: Args; pressedAt: number };

export type Attempt<Args extends unknown[]> = {
  busy: boolean;
  error: unknown;
  /** The action whose outcome is unknown. It can be repeated; no other action takes its place. */
  undecided: Undecided<Args> | null;
  run: (...args: Args) => Promise<void>;
  /** Repeats the undecided action because the user pressed again. */
  retry: () => Promise<void>;
  /** Repeats the undecided action without a press, and only if the last press is recent. */
  resume: () => Promise<void>;
  clearError: () => void;
};

type StoredAttempt<Args> = { key: string; args: Args; at: number; pressedAt: number };

export type AttemptOptions = {
  /**
   * For actions that cost money: the name under which an undecided action is stored, also across a reload of the page. Until it is decided,
   * every `run` repeats it, whatever its arguments are. The name includes the user.
   */
  storedAs?: string | undefined;
  /** Whether the user who opened this page is still signed in. */
  allowed?: () => boolean;
};

/** A shop remembers keys for at least 24 h; after that the same key would be a second order. */
const STORED_MS = 12 * 3_600_000;

/** For this long after a press the page may send without another one. */
export const PRESS_LASTS_MS = 60_000;

/** Whether a press is recent. If the clock was set back since, it is not. */
export const isRecent = (pressedAt: number): boolean => Date.now() >= pressedAt && Date.now() - pressedAt <= PRESS_LASTS_MS;

/**
 * Runs `work`, one call at a time. The key stays the same until the shop has decided, so that a user who presses again after no response
 * repeats the same action and never buys twice.
 */
export function useAttempt<Args extends unknown[]>(
  work: (press: Press, ...args: Args) => Promise<void>,
  { storedAs, allowed = () => true }: AttemptOptions = {},
): Attempt<Args> {
  const busy = useSignal(false);
  const error = useSignal<unknown>(undefined);
  const undecided = useSignal<Undecided<Args> | null>(null);
  const current = useRef<StoredAttempt<Args> | undefined>(undefined);
  const isLoaded = useRef(false);
  const show = (): void => {
    undecided.value = current.current ? { args: current.current.args, pressedAt: current.current.pressedAt } : null;
  };
  if (!isLoaded.current) {
    isLoaded.current = true;
    current.current = storedAs === undefined ? undefined : read<Args>(storedAs);
    show();
  }
  const set = (attempt: StoredAttempt<Args> | undefined): void => {
    current.current = attempt;
    if (storedAs !== undefined) write(storedAs, attempt);
  };
  const perform = async (attempt: StoredAttempt<Args>): Promise<void> => {
    if (busy.peek() || !allowed()) return;
    busy.value = true;
    error.value = undefined;
    set(attempt);
    try {
      await work({ key: attempt.key, at: attempt.pressedAt }, ...attempt.args);
      set(undefined);
    } catch (failure) {
      if (!isUndecided(failure)) set(undefined);
      error.value = failure;
    } finally {
      busy.value = false;
      show();
    }
  };

  return {
    busy: busy.value,
    error: error.value,
    undecided: undecided.value,
    run(...args) {
      const before = current.current;
      const same = before !== undefined && (storedAs !== undefined || JSON.stringify(before.args) === JSON.stringify(args));
      return perform(same ? { ...before, pressedAt: Date.now() } : { key: newKey(), args, at: Date.now(), pressedAt: Date.now() });
    },
    retry: async () => current.current && perform({ ...current.current, pressedAt: Date.now() }),
    resume: async () => (current.current && isRecent(current.current.pressedAt) ? perform(current.current) : undefined),
    clearError: () => (error.value = undefined),
  };
}

/**
 * A `fetch` that sends only within `lastsMs` of a press. A computer that slept during a retry does not send when it wakes up: the call ends
 * like a request without a response.
 */
export function soonAfter(press: Press, lastsMs: number, send: typeof fetch): typeof fetch {
  return (input, init) => {
    if (Date.now() < press.at || Date.now() - press.at > lastsMs) return Promise.reject(new Error("the press is too old to send without another"));
    return send(input, init);
  };
}

const storageKey = (storedAs: string): string => `jangnal.open ${storedAs}`;

function read<Args>(storedAs: string): StoredAttempt<Args> | undefined {
  try {
    const stored = JSON.parse(readStored("sessionStorage", storageKey(storedAs)) ?? "null") as Partial<StoredAttempt<Args>> & { given?: Args };
    // Version 0.1 called the arguments `given`; a tab may have been open since.
    const { key, at = 0, pressedAt = 0, args = stored.given } = stored;
    return key !== undefined && args !== undefined && at > Date.now() - STORED_MS ? { key, args, at, pressedAt } : undefined;
  } catch {
    return undefined;
  }
}

function write(storedAs: string, attempt: StoredAttempt<unknown> | undefined): void {
  if (attempt === undefined) removeStored("sessionStorage", storageKey(storedAs));
  else store("sessionStorage", storageKey(storedAs), JSON.stringify(attempt));
}

const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
