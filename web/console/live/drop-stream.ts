// The figures of one drop, live. The stream needs no token, so the browser's own EventSource reads it and reconnects.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export type DropFigures = { status: string; remaining: number; entries: number; called: number; serverTime: string };

export type DropStream = { figures: Signal<DropFigures | null>; connected: Signal<boolean> };

/** Follows a drop while the page is open. @param changed called when the drop's status changes */
export function useDropStream(dropId: string, changed: () => void): DropStream {
  const figures = useSignal<DropFigures | null>(null);
  const connected = useSignal(false);
  useEffect(() => {
    const source = new EventSource(`/drops/${encodeURIComponent(dropId)}/live`);
    source.addEventListener("open", () => (connected.value = true));
    source.addEventListener("error", () => (connected.value = false));
    source.addEventListener("message", ({ data }) => {
      const before = figures.peek()?.status;
      figures.value = JSON.parse(data as string) as DropFigures;
      if (before !== undefined && before !== figures.value.status) changed();
    });
    return () => source.close();
  }, [dropId]);
  return { figures, connected };
}
