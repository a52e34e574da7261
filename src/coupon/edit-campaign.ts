import { invalid, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/shelf.ts";
import type { Campaign, Discount } from "./coupon.ts";
import { campaigns } from "./coupon.sql.ts";

/** Instants in ms. `opensAt` may be left out: then the campaign opens at once. */
export type CampaignFields = {
  name: string;
  discount: Discount;
  totalQuantity: number;
  opensAt?: number;
  closesAt?: number | null;
  validDays?: number | null;
  expiresAt?: number | null;
};

/** A new campaign. Errors: INVALID_REQUEST where its times contradict each other. */
export const createCampaign = command<CampaignFields, Campaign>({
  name: "create campaign",
  needs: () => [],

  decide(shop, { name, discount, totalQuantity, opensAt = shop.now, closesAt = null, validDays = null, expiresAt = null }) {
    const campaign = { id: shop.newId(), name, discount, totalQuantity, issuedQuantity: 0, opensAt, closesAt, validDays, expiresAt };
    checkTimes(campaign);
    shop.put(campaigns, campaign.id, { ...campaign, made: { createdAt: shop.now } });
    return campaign;
  },
});

/**
 * Changes what is given of a campaign. What somebody holds already keeps its worth: once a coupon is issued the discount
 * stands, and the total can't fall below what was issued.
 * Errors: COUPON_NOT_FOUND, INVALID_REQUEST.
 */
export const editCampaign = command<{ couponId: string; fields: Partial<CampaignFields> }, Campaign>({
  name: "edit campaign",
  needs: ({ couponId }) => [need(campaigns, couponId)],

  decide(shop, { couponId, fields }) {
    const campaign = shop.find(campaigns, couponId) ?? refuse("COUPON_NOT_FOUND", { couponId });
    const edited: Campaign = { ...campaign, ...fields };
    if (fields.discount && campaign.issuedQuantity > 0) invalid("/discount", "cannot change once a coupon has been issued");
    if (edited.totalQuantity < campaign.issuedQuantity) invalid("/totalQuantity", `cannot fall below the ${campaign.issuedQuantity} issued`);
    checkTimes(edited);
    shop.put(campaigns, couponId, edited);
    return edited;
  },
});

function checkTimes({ opensAt, closesAt, expiresAt }: Campaign): void {
  if (closesAt !== null && closesAt <= opensAt) invalid("/closesAt", "must be later than opensAt");
  if (expiresAt !== null && expiresAt <= opensAt) invalid("/expiresAt", "must be later than opensAt");
}
