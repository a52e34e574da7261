// Reads the campaigns' part of a round's changes.

import type { Change, Changes } from "../till/table.ts";
import { sameTerms } from "./campaign-terms.ts";
import { campaigns } from "./campaign.sql.ts";
import { type Campaign, isSoldOut } from "./coupon.ts";

/** The ids of the campaigns that a round wrote. */
export function changedCampaignIds(changes: Changes): string[] {
  return campaignChanges(changes).map(({ key }) => key);
}

/** The ids of the campaigns whose terms an operator changed. */
export function editedCampaignIds(changes: Changes): string[] {
  return campaignChanges(changes).flatMap(({ key, before, after }) => (before && !sameTerms(before, after) ? [key] : []));
}

/** The ids of the campaigns that a round wrote and left without coupons. */
export function soldOutCampaignIds(changes: Changes): string[] {
  return campaignChanges(changes).flatMap(({ key, after }) => (isSoldOut(after) ? [key] : []));
}

function campaignChanges({ tables }: Changes): Change<Campaign>[] {
  return (tables.get(campaigns) ?? []) as Change<Campaign>[];
}
