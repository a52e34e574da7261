// A campaign as the API returns it.

import { iso, isoOrNull } from "../database/statement.ts";
import { type Campaign, campaignStatus } from "./coupon.ts";

export type CampaignView = ReturnType<typeof campaignView>;

/** @param now determines the status, in ms */
export function campaignView(campaign: Campaign, now: number) {
  const { id, name, discount, totalQuantity, issuedQuantity, opensAt, closesAt, validDays, expiresAt, version } = campaign;
  return {
    id,
    name,
    discount,
    totalQuantity,
    remainingQuantity: totalQuantity - issuedQuantity,
    opensAt: iso(opensAt),
    closesAt: isoOrNull(closesAt),
    validDays,
    expiresAt: isoOrNull(expiresAt),
    status: campaignStatus(campaign, now),
    version,
  };
}
