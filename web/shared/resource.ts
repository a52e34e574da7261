// Data that a page reads from the shop: once, or repeatedly while the page is visible.

import { signal, useSignal, useSignalEffect } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";

export type Resource<T> = {
  /** The latest data. It stays during a reload and after a failed one. */
  data: T | undefined;
  /** Why the last read failed. */
  error: unknown;
  loading: boolean;
  /** Reads again now; resolves at the end of the read. */
  reload: () => Promise<void>;
};

/** Whether the page is not in the background. */
export const visible = signal(document.visibilityState === "visible");
document.addEventListener("visibilitychange", () => (visible.value = document.visibilityState === "visible"));

const CACHE_SIZE = 50;
/** The latest data by key. A user who returns to a page sees it at once, until the page has read it again. */
const cache = new Map<string, unknown>();

export type ResourceOptions<T> = {
  /** The pause between reads, in ms. */
  everyMs?: number | ((data: T | undefined) => number) | undefined;
  /** The same while the page is in the background, where it reads nothing by default. */
  hiddenMs?: (data: T | undefined) => number | undefined;
  /** Never shows cached data, because it may be too old. */
  uncached?: boolean;
};

/**
 * Reads with `load`, and again when `key` changes; with `everyMs` also that long after each read, while the page is visible.
 * A read that is not finished when the user leaves the page is aborted.
 */
export function useResource<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { everyMs, hiddenMs, uncached = false }: ResourceOptions<T> = {},
): Resource<T> {
  const state = useSignal<{ key: string; data: T | undefined; error: unknown; loading: boolean }>(initialState(key, uncached));
  const latest = useRef(load);
  latest.current = load;
  const controller = useRef<AbortController>(undefined);

  const read = useCallback(async (): Promise<void> => {
    controller.current?.abort();
    const { signal } = (controller.current = new AbortController());
    const before = state.peek().key === key ? state.peek() : initialState<T>(key, uncached);
    state.value = { ...before, loading: true };
    try {
      const data = await latest.current(signal);
      if (signal.aborted) return;
      if (!uncached) remember(key, data);
      state.value = { key, data, error: undefined, loading: false };
    } catch (error) {
      if (!signal.aborted) state.value = { key, data: before.data, error, loading: false };
    }
  }, [key, uncached]);

  useEffect(() => {
    void read();
    return () => controller.current?.abort();
  }, [read]);

  useSignalEffect(() => {
    const pause = visible.value ? everyMs : hiddenMs;
    if (state.value.loading) return undefined;
    const pauseMs = typeof pause === "function" ? pause(state.value.data) : pause;
    if (pauseMs === undefined) return undefined;
    const timer = setTimeout(() => void read(), pauseMs * (0.9 + Math.random() / 5));
    return () => clearTimeout(timer);
  });

  const { data, error, loading } = state.value.key === key ? state.value : initialState<T>(key, uncached);
  return { data, error, loading, reload: read };
}

/** Whether each of these resources has been read once, or has failed; true after `ms` in any case, and from then on. */
export function useReadyWithin(ms: number, resources: readonly Pick<Resource<unknown>, "data" | "error">[]): boolean {
  const isLate = useSignal(false);
  const wasReady = useRef(false);
  useEffect(() => {
    const timer = setTimeout(() => (isLate.value = true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  wasReady.current ||= isLate.value || resources.every(({ data, error }) => data !== undefined || error !== undefined);
  return wasReady.current;
}

/** The next user of the page must not see the data of the one before. */
export const clearCache = (): void => cache.clear();

function initialState<T>(key: string, uncached: boolean): { key: string; data: T | undefined; error: unknown; loading: boolean } {
  return { key, data: uncached ? undefined : (cache.get(key) as T | undefined), error: undefined, loading: true };
}

/** What a list had shown under `key`, as part of the same cache. */
export const remembered = (key: string): unknown => cache.get(key);

export function remember(key: string, data: unknown): void {
  cache.delete(key);
  cache.set(key, data);
  const [oldest] = cache.keys();
  if (cache.size > CACHE_SIZE && oldest !== undefined) cache.delete(oldest);
}
