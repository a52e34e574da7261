// What a page shows of the shop: read once, or again and again while somebody looks.

import { signal, useSignal, useSignalEffect } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";

export type Resource<T> = {
  /** What was read last, even while it is read again, or could not be. */
  data: T | undefined;
  /** Why the last reading failed. */
  error: unknown;
  loading: boolean;
  /** Reads again now; resolves when that is over. */
  reload: () => Promise<void>;
};

/** Whether somebody looks: a page in the background asks nothing. */
const visible = signal(document.visibilityState === "visible");
document.addEventListener("visibilitychange", () => (visible.value = document.visibilityState === "visible"));

const MOST_SEEN = 50;
/** What was read last under each key. Who comes back to a page sees it at once, as it was, until it is read again. */
const seen = new Map<string, unknown>();

export type ResourceOptions<T> = {
  /** May depend on what was read. */
  everyMs?: number | ((data: T | undefined) => number) | undefined;
  /** What was read under this key before is too old to be shown. */
  anew?: boolean;
};

/**
 * Reads with `load`, and again whenever `key` changes; with `everyMs` also that long after each reading, while the page is visible.
 * What is under way when the page is left is given up.
 */
export function useResource<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { everyMs, anew = false }: ResourceOptions<T> = {},
): Resource<T> {
  const state = useSignal<{ key: string; data: T | undefined; error: unknown; loading: boolean }>(begin(key, anew));
  const latest = useRef(load);
  latest.current = load;
  const left = useRef<AbortController>(undefined);

  const read = useCallback(async (): Promise<void> => {
    left.current?.abort();
    const mine = (left.current = new AbortController());
    const before = state.peek().key === key ? state.peek() : begin<T>(key, anew);
    state.value = { ...before, loading: true };
    try {
      const data = await latest.current(mine.signal);
      if (mine.signal.aborted) return;
      if (!anew) remember(key, data);
      state.value = { key, data, error: undefined, loading: false };
    } catch (error) {
      if (!mine.signal.aborted) state.value = { key, data: before.data, error, loading: false };
    }
  }, [key, anew]);

  useEffect(() => {
    void read();
    return () => left.current?.abort();
  }, [read]);

  useSignalEffect(() => {
    if (everyMs === undefined || !visible.value || state.value.loading) return undefined;
    const pauseMs = typeof everyMs === "function" ? everyMs(state.value.data) : everyMs;
    const timer = setTimeout(() => void read(), pauseMs * (0.9 + Math.random() / 5));
    return () => clearTimeout(timer);
  });

  const { data, error, loading } = state.value.key === key ? state.value : begin<T>(key, anew);
  return { data, error, loading, reload: read };
}

/** What one user has seen is not shown to the next. */
export const forgetSeen = (): void => seen.clear();

function begin<T>(key: string, anew: boolean): { key: string; data: T | undefined; error: unknown; loading: boolean } {
  return { key, data: anew ? undefined : (seen.get(key) as T | undefined), error: undefined, loading: true };
}

function remember(key: string, data: unknown): void {
  seen.delete(key);
  seen.set(key, data);
  const [oldest] = seen.keys();
  if (seen.size > MOST_SEEN && oldest !== undefined) seen.delete(oldest);
}
