// A campaign as the API returns it.

import { iso, isoOrNull } from "../database/statement.ts";
import { type Campaign, campaignStatus } from "./coupon.ts";

export type CampaignView = ReturnType<typeof campaignView>;

/** `isOperator`: the viewer reads operators' members too. */
export type CampaignViewer = { isOperator: boolean };
export const OPERATOR: CampaignViewer = { isOperator: true };

/** @param now determines the status, in ms */
export function campaignView(campaign: Campaign, now: number, { isOperator }: CampaignViewer) {
  const { id, name, discount, totalQuantity, issuedQuantity, opensAt, closesAt, validDays, expiresAt, visibility, metadata, version } = campaign;
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
    ...(isOperator ? { visibility, metadata } : {}),
  };
}
