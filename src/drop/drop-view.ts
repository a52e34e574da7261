// A drop as the API returns it.

import { iso, isoOrNull } from "../database/statement.ts";
import { type Drop, dropStatus } from "./drop.ts";

export type DropView = ReturnType<typeof dropView>;

/** The free units of a drop's product, and the place before the first waiting entry's. */
export type DropFigures = { remaining: number; called: number };

/** @param now determines the status, in ms */
export function dropView(drop: Drop, { remaining, called }: DropFigures, now: number) {
  const { id, name, productId, mode, opensAt, closesAt, limitPerCustomer, holdFor, waitlist, number, metadata, version } = drop;
  return {
    id,
    name,
    productId,
    mode,
    opensAt: iso(opensAt),
    closesAt: isoOrNull(closesAt),
    limitPerCustomer,
    holdFor,
    waitlist,
    status: dropStatus(drop, remaining, now),
    remaining,
    entries: number,
    called,
    serverTime: new Date(now).toISOString(),
    metadata,
    version,
  };
}
