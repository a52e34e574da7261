// Data of one drop: its terms, what its stream says, and the visitor's entry.

import { computed, type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { type Answer, type Body, isRefusal } from "#client";
import { useResource, visible } from "../../../shared/resource.ts";
import { shop } from "../../api.ts";
import { isPast } from "../countdown.tsx";
import { useUserResource } from "../user-resource.ts";

export type Drop = Body<"getDrop">;
export type Entry = Extract<Answer<"getOwnEntry">, { status: 200 }>["body"];
type Live = Pick<Drop, "status" | "remaining" | "entries" | "called" | "serverTime">;

/** Without the stream a page asks this often. */
const POLL_MS = 4000;
/** In the background a page asks this often whether a waiting buyer's turn has come: one of the next, and others. Browsers may make it less often. */
const HIDDEN_MS = { next: 10_000, later: 60_000 };
const NEXT = 50;
/** With the stream only rare changes are missed, such as another name. */
const RARELY_MS = 60_000;

/**
 * The drop as its stream says, or as it was read last if that is later. A page in the background has no stream: browsers open six connections
 * to a host of HTTP/1.1, and the tabs of a visitor share them.
 */
export function useDrop(id: string) {
  const live = useSignal<Live | null>(null);
  const connected = useSignal(false);
  const isVisible = visible.value;
  useEffect(() => {
    if (!isVisible) return undefined;
    const stream = new EventSource(`/drops/${encodeURIComponent(id)}/live`);
    stream.addEventListener("open", () => (connected.value = true));
    stream.addEventListener("error", () => (connected.value = false));
    stream.addEventListener("message", ({ data }) => (live.value = JSON.parse(String(data)) as Live));
    return () => {
      stream.close();
      connected.value = false;
    };
  }, [id, isVisible]);
  const read = useResource(`drop ${id}`, async (signal) => (await shop.getDrop({ path: { dropId: id }, signal })).body, {
    everyMs: () => (connected.peek() ? RARELY_MS : POLL_MS),
  });
  const drop: Drop | undefined =
    read.data && live.value && live.value.serverTime >= read.data.serverTime ? { ...read.data, ...live.value } : read.data;
  return { ...read, drop: drop && { ...drop, status: statusNow(drop) } };
}

/** The shop's status, updated by the clock: a drop opens and closes without another read. */
export function statusNow({ status, opensAt, closesAt, remaining }: Pick<Drop, "status" | "opensAt" | "closesAt" | "remaining">): Drop["status"] {
  if (status === "CLOSED" || (closesAt !== null && isPast(closesAt))) return "CLOSED";
  if (status !== "UPCOMING" || !isPast(opensAt)) return status;
  return remaining === 0 ? "SOLD_OUT" : "OPEN";
}

/** The visitor's entry; null if there is none. */
export function useOwnEntry(dropId: string, everyMs: (entry: Entry | null | undefined) => number = entryPause) {
  return useUserResource(`entry ${dropId}`, (_userId, signal) => readOwnEntry(dropId, signal), {
    everyMs,
    hiddenMs: (entry) => (entry?.status === "WAITING" ? HIDDEN_MS[entry.ahead < NEXT ? "next" : "later"] : undefined),
  });
}

export async function readOwnEntry(dropId: string, signal: AbortSignal): Promise<Entry | null> {
  try {
    const answer = await shop.getOwnEntry({ path: { dropId }, query: { optional: true }, signal });
    return answer.status === 204 ? null : answer.body;
  } catch (error) {
    if (isRefusal(error, "DROP_NOT_FOUND")) return null;
    throw error;
  }
}

const entryPause = (entry: Entry | null | undefined): number => (entry?.status === "ORDERED" ? 3000 : entry && isOngoing(entry) ? 10_000 : 60_000);

export const isOngoing = ({ status }: Entry): boolean => status === "WAITING" || status === "HELD" || status === "ORDERED";

/** How many come before a waiting entry at most, by the stream. */
export function aheadOf(entry: Entry, called: number): number {
  return Math.max(0, Math.min(entry.ahead, (entry.rank ?? entry.number) - called - 1));
}

/** Minutes until an entry's turn, from how fast the line has moved since the page opened; null if that is not known. */
export function useWait(called: number, ahead: number): ReadonlySignal<number | null> {
  const first = useSignal<{ called: number; at: number } | null>(null);
  const current = useSignal({ called, ahead });
  current.value = { called, ahead };
  useEffect(() => {
    if (first.peek() === null) first.value = { called, at: performance.now() };
  }, [called]);
  return useMemo(
    () =>
      computed(() => {
        const { called: now, ahead: left } = current.value;
        if (first.value === null || now - first.value.called < 3) return null;
        const perCall = (performance.now() - first.value.at) / (now - first.value.called);
        return Math.ceil((perCall * (left + 1)) / 60_000);
      }),
    [],
  );
}
