// What waits for an operator, for the marks in the menu.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { shop } from "./api.ts";
import { mayRead, session } from "./session.ts";

export type Alert = "returns" | "payments" | "events";

/** How many things wait; at most 100 of a kind are counted. */
export const alerts = signal<Partial<Record<Alert, number>>>({});

export const MOST_COUNTED = 100;
const POLL_MS = 30_000;

const COUNTS: Record<Alert, { mayCount: () => boolean; count: () => Promise<number> }> = {
  returns: {
    mayCount: () => mayRead("fulfilment"),
    count: async () => (await shop.listReturns({ query: { status: "REQUESTED", limit: MOST_COUNTED } })).body.returns.length,
  },
  payments: {
    mayCount: () => mayRead("refunds"),
    count: async () => (await shop.listPaymentsAttention({ query: { limit: MOST_COUNTED } })).body.payments.length,
  },
  events: {
    mayCount: () => mayRead("operations"),
    count: async () => (await shop.listEvents({ query: { limit: 1 } })).body.counts.reduce((sum, { dead }) => sum + dead, 0),
  },
};

/** Counts one kind again now, after an action of the operator. A failed count keeps the last one. */
export async function countAlerts(kind: Alert): Promise<void> {
  if (!COUNTS[kind].mayCount()) return;
  const count = await COUNTS[kind].count().catch(() => alerts.peek()[kind] ?? 0);
  alerts.value = { ...alerts.peek(), [kind]: count };
}

/** Counts all kinds now and every half minute, while the page is visible. */
export function useAlerts(): void {
  const owner = session.value?.name;
  useEffect(() => {
    alerts.value = {};
    const countAll = (): void => {
      if (document.visibilityState === "visible") for (const kind of Object.keys(COUNTS) as Alert[]) void countAlerts(kind);
    };
    countAll();
    const timer = setInterval(countAll, POLL_MS);
    return () => clearInterval(timer);
  }, [owner]);
}
