// Refuses claims of sold-out campaigns from memory, without the database, until an operator edits
// the campaign. Coupons never return to their campaign, so only an edit can make it issue again.

import type { Database } from "../database/pool.ts";
import { Refusal } from "../refusal.ts";
import { type Campaign, isOpen, isSoldOut } from "./coupon.ts";
import { campaignOf, selectCampaigns } from "./campaign.sql.ts";
import { selectClaimers } from "./coupon.sql.ts";
import { lruCache } from "../lru.ts";

/** Campaigns with more coupons are not kept in memory; the till decides their claims. */
const CLAIMERS_MAX = 100_000;
const CAMPAIGNS_MAX = 100;
const USERS_MAX = 200_000;

export class SoldOut {
  readonly #database: Database;
  readonly #campaigns = lruCache<{ campaign: Campaign; claimers: Set<string>; refusal: Refusal }>(CAMPAIGNS_MAX);
  readonly #loading = new Set<string>();
  readonly #knownUsers = lruCache<true>(USERS_MAX);
  /** Raised by `forget`, so that claimers read before an edit are not stored after it. */
  #epoch = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * The till's refusal of this claim, if it is certain: COUPON_ALREADY_ISSUED, COUPON_CLOSED or
   * COUPON_SOLD_OUT, in the till's order. Returned and not thrown, because thousands of requests
   * get it.
   */
  refusal(couponId: string, userId: string, now: number): Refusal | undefined {
    const known = this.#campaigns.get(couponId);
    if (!known || !this.#knownUsers.has(userId)) return undefined;
    if (known.claimers.has(userId)) return new Refusal("COUPON_ALREADY_ISSUED", { couponId });
    return isOpen(known.campaign, now) ? known.refusal : new Refusal("COUPON_CLOSED", { couponId });
  }

  /** Records that this user exists. Users are never deleted. */
  rememberUser(userId: string): void {
    this.#knownUsers.set(userId, true);
  }

  /**
   * Loads a campaign that the till has found sold out, with its claimers; later claims are refused
   * from memory. Has no effect if an operator edits the campaign while it loads. Errors: the
   * database's.
   */
  async learn(couponId: string): Promise<void> {
    if (this.#campaigns.has(couponId) || this.#loading.has(couponId)) return;
    const epoch = this.#epoch;
    this.#loading.add(couponId);
    try {
      const [row] = await this.#database.rows<Record<string, unknown>>(selectCampaigns([couponId]));
      const campaign = row && campaignOf(row);
      if (!campaign || !isSoldOut(campaign) || campaign.totalQuantity > CLAIMERS_MAX) return;
      // Only the till knows the buyers of a rehearsal, and only they may learn that its copy is
      // sold out. Shoppers learn nothing of a private campaign.
      if (campaign.rehearsalId !== null || campaign.visibility === "PRIVATE") return;
      const claimers = await this.#database.rows<{ userId: string }>(selectClaimers(couponId));
      const refusal = new Refusal("COUPON_SOLD_OUT", { couponId }, true);
      if (epoch === this.#epoch) this.#campaigns.set(couponId, { campaign, claimers: new Set(claimers.map(({ userId }) => userId)), refusal });
    } finally {
      this.#loading.delete(couponId);
    }
  }

  /** Drops an edited campaign; without an id, drops all. */
  forget(couponId?: string): void {
    this.#epoch++;
    if (couponId === undefined) this.#campaigns.clear();
    else this.#campaigns.delete(couponId);
  }
}
