// Sold out stays cheap: a campaign that is known to be sold out refuses without the database, until an operator changes it.
// Coupons never come back to their campaign, so nothing else can make it issue again.

import { LRUCache } from "lru-cache";
import type { Database } from "../database/pool.ts";
import { Refusal } from "../refusal.ts";
import { type Campaign, isOpen } from "./coupon.ts";
import { campaignOf, selectCampaigns, selectClaimers } from "./coupon.sql.ts";

/** Beyond this many the holders of a campaign's coupons are not kept in memory, and refusals go on being decided at the till. */
const MOST_CLAIMERS = 100_000;
const KNOWN_CAMPAIGNS = 100;
const KNOWN_USERS = 200_000;

export class SoldOut {
  readonly #database: Database;
  readonly #campaigns = new LRUCache<string, { campaign: Campaign; claimers: Set<string>; refusal: Refusal }>({ max: KNOWN_CAMPAIGNS });
  readonly #learning = new Set<string>();
  readonly #knownUsers = new LRUCache<string, true>({ max: KNOWN_USERS });
  /** Counts what was forgotten, so that claimers read before an operator's change are not kept after it. */
  #epoch = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * What the till would refuse too, in the same order, if that is known for certain: COUPON_ALREADY_ISSUED, COUPON_CLOSED, COUPON_SOLD_OUT.
   * Given back and not thrown: it is said to thousands.
   */
  refusal(couponId: string, userId: string, now: number): Refusal | undefined {
    const known = this.#campaigns.get(couponId);
    if (!known || !this.#knownUsers.has(userId)) return undefined;
    if (known.claimers.has(userId)) return new Refusal("COUPON_ALREADY_ISSUED", { couponId });
    return isOpen(known.campaign, now) ? known.refusal : new Refusal("COUPON_CLOSED", { couponId });
  }

  /** This user exists: users are never deleted. */
  seen(userId: string): void {
    this.#knownUsers.set(userId, true);
  }

  /**
   * The till has refused a coupon of this campaign because none are left, or issued the last one: from now on it is known, holders and
   * all. Does nothing where an operator changes the campaign meanwhile. Errors: the database's.
   */
  async learn(couponId: string): Promise<void> {
    if (this.#campaigns.has(couponId) || this.#learning.has(couponId)) return;
    const epoch = this.#epoch;
    this.#learning.add(couponId);
    try {
      const [row] = await this.#database.rows<Record<string, unknown>>(selectCampaigns([couponId]));
      const campaign = row && campaignOf(row);
      if (!campaign || campaign.issuedQuantity < campaign.totalQuantity || campaign.totalQuantity > MOST_CLAIMERS) return;
      // A copy is refused as sold out to its rehearsal's buyers only, and who they are is known at the till.
      if (campaign.rehearsalId !== null) return;
      const holders = await this.#database.rows<{ userId: string }>(selectClaimers(couponId));
      const refusal = new Refusal("COUPON_SOLD_OUT", { couponId }, true);
      if (epoch === this.#epoch) this.#campaigns.set(couponId, { campaign, claimers: new Set(holders.map(({ userId }) => userId)), refusal });
    } finally {
      this.#learning.delete(couponId);
    }
  }

  /** An operator has changed this campaign, or (without an id) nobody knows what was changed. */
  forget(couponId?: string): void {
    this.#epoch++;
    if (couponId === undefined) this.#campaigns.clear();
    else this.#campaigns.delete(couponId);
  }
}
