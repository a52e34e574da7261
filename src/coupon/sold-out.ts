// Sold out stays cheap: a campaign that is known to be sold out refuses without the database, until an operator changes it.
// Coupons never come back to their campaign, so nothing else can make it issue again.

import { LRUCache } from "lru-cache";
import type { Database } from "../database/pool.ts";
import { refuse } from "../refusal.ts";
import { type Campaign, isOpen } from "./coupon.ts";
import { selectClaimers } from "./coupon.sql.ts";

/** Beyond this many the holders of a campaign's coupons are not kept in memory, and refusals go on being decided at the till. */
const MOST_CLAIMERS = 100_000;
const KNOWN_USERS = 200_000;

export class SoldOut {
  readonly #database: Database;
  readonly #campaigns = new Map<string, { campaign: Campaign; claimers: Set<string> }>();
  readonly #knownUsers = new LRUCache<string, true>({ max: KNOWN_USERS });
  /** Counts what was forgotten, so that claimers read before an operator's change are not kept after it. */
  #epoch = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Refuses what the till would refuse too, in the same order, if that is known for certain; else does nothing.
   * Errors: COUPON_CLOSED, COUPON_ALREADY_ISSUED, COUPON_SOLD_OUT.
   */
  check(couponId: string, userId: string, now: number): void {
    const known = this.#campaigns.get(couponId);
    if (!known || !this.#knownUsers.has(userId)) return;
    if (!isOpen(known.campaign, now)) refuse("COUPON_CLOSED", { couponId });
    if (known.claimers.has(userId)) refuse("COUPON_ALREADY_ISSUED", { couponId });
    refuse("COUPON_SOLD_OUT", { couponId });
  }

  /** This user exists: users are never deleted. */
  seen(userId: string): void {
    this.#knownUsers.set(userId, true);
  }

  /** A committed round left this campaign with nothing to issue. */
  async remember(campaign: Campaign): Promise<void> {
    if (campaign.totalQuantity > MOST_CLAIMERS || this.#campaigns.has(campaign.id)) return;
    const epoch = this.#epoch;
    const rows = await this.#database.rows<{ userId: string }>(selectClaimers(campaign.id));
    if (epoch === this.#epoch) this.#campaigns.set(campaign.id, { campaign, claimers: new Set(rows.map((row) => row.userId)) });
  }

  /** An operator has changed this campaign, or (without an id) nobody knows what was changed. */
  forget(couponId?: string): void {
    this.#epoch++;
    if (couponId === undefined) this.#campaigns.clear();
    else this.#campaigns.delete(couponId);
  }
}
