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

/**
 * Reads with `load`, and again whenever `key` changes; with `everyMs` also that long after each reading, while the page is visible.
 * What is under way when the page is left is given up.
 */
export function useResource<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { everyMs }: { everyMs?: number | undefined } = {},
): Resource<T> {
  const state = useSignal<{ key: string; data: T | undefined; error: unknown; loading: boolean }>({
    key,
    data: undefined,
    error: undefined,
    loading: true,
  });
  const latest = useRef(load);
  latest.current = load;
  const left = useRef<AbortController>(undefined);

  const read = useCallback(async (): Promise<void> => {
    left.current?.abort();
    const mine = (left.current = new AbortController());
    const kept = state.peek().key === key ? state.peek().data : undefined;
    state.value = { key, data: kept, error: state.peek().error, loading: true };
    try {
      const data = await latest.current(mine.signal);
      if (!mine.signal.aborted) state.value = { key, data, error: undefined, loading: false };
    } catch (error) {
      if (!mine.signal.aborted) state.value = { key, data: kept, error, loading: false };
    }
  }, [key]);

  useEffect(() => {
    void read();
    return () => left.current?.abort();
  }, [read]);

  useSignalEffect(() => {
    if (everyMs === undefined || !visible.value || state.value.loading) return undefined;
    const timer = setTimeout(() => void read(), everyMs * (0.9 + Math.random() / 5));
    return () => clearTimeout(timer);
  });

  const { data, error, loading } = state.value.key === key ? state.value : { data: undefined, error: undefined, loading: true };
  return { data, error, loading, reload: read };
}
