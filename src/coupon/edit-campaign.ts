import { invalid, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { type CampaignView, campaignView } from "./campaign-view.ts";
import { type Campaign, countedAt, type Discount, isOver } from "./coupon.ts";
import { campaigns, sameTerms } from "./coupon.sql.ts";
import { sameDiscount } from "./same-discount.ts";

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

/** `rehearsalId` marks a rehearsal's copy. */
export type NewCampaign = CampaignFields & { rehearsalId?: string };

/** A new campaign. Errors: INVALID_REQUEST where its times contradict each other. */
export const createCampaign = command<NewCampaign, CampaignView>({
  name: "create campaign",
  needs: () => [],

  decide(uow, { opensAt = uow.now, closesAt = null, validDays = null, expiresAt = null, rehearsalId, ...fields }) {
    const campaign: Campaign = {
      id: uow.newId(),
      ...fields,
      issuedQuantity: 0,
      opensAt,
      closesAt,
      validDays,
      expiresAt,
      version: 1,
      soldOutAt: null,
      rehearsalId: rehearsalId ?? null,
    };
    checkTimes(campaign);
    uow.put(campaigns, campaign.id, { ...campaign, made: { createdAt: uow.now } });
    return campaignView(campaign, uow.now);
  },
});

/** `version`: the one that the caller read; without it the edit goes by whatever is there. */
export type EditCampaign = { couponId: string; version?: number; fields: Partial<CampaignFields> };

/**
 * Changes the given members of a campaign. A coupon that was issued keeps its worth: from the first one on the discount stands, and the total
 * can't fall below the number issued. A member that repeats its value changes nothing, so a form may send back all that it has read; an edit
 * that changes nothing leaves the version as it is.
 * Errors: COUPON_NOT_FOUND, VERSION_CONFLICT with the campaign as `current`, INVALID_REQUEST.
 */
export const editCampaign = command<EditCampaign, CampaignView>({
  name: "edit campaign",
  needs: ({ couponId }) => [need(campaigns, couponId)],

  decide(uow, { couponId, version, fields }) {
    const campaign = uow.find(campaigns, couponId) ?? refuse("COUPON_NOT_FOUND", { couponId });
    if (version !== undefined && version !== campaign.version) refuse("VERSION_CONFLICT", { couponId, current: campaignView(campaign, uow.now) });
    const edited: Campaign = { ...campaign, ...fields };
    if (sameTerms(campaign, edited)) return campaignView(campaign, uow.now);
    if (!sameDiscount(campaign.discount, edited.discount) && campaign.issuedQuantity > 0)
      invalid("/discount", "cannot change once a coupon has been issued");
    if (edited.totalQuantity < campaign.issuedQuantity) invalid("/totalQuantity", `cannot fall below the ${campaign.issuedQuantity} issued`);
    if (!sameTimes(campaign, edited)) checkTimes(edited);
    const saved = countedAt({ ...edited, version: campaign.version + 1 }, uow.now);
    uow.put(campaigns, couponId, saved);
    return campaignView(saved, uow.now);
  },
});

/**
 * Ends issuing at this instant. A campaign that has not opened yet is closed too and never opens; one that is over stays as it is.
 * Errors: COUPON_NOT_FOUND.
 */
export const closeCampaign = command<{ couponId: string }, CampaignView>({
  name: "close campaign",
  needs: ({ couponId }) => [need(campaigns, couponId)],

  decide(uow, { couponId }) {
    const campaign = uow.find(campaigns, couponId) ?? refuse("COUPON_NOT_FOUND", { couponId });
    if (isOver(campaign, uow.now)) return campaignView(campaign, uow.now);
    // The planned opening stays: with `closesAt` taken back the campaign opens when it was meant to.
    const closed: Campaign = { ...campaign, closesAt: uow.now, version: campaign.version + 1 };
    uow.put(campaigns, couponId, closed);
    return campaignView(closed, uow.now);
  },
});

function sameTimes(a: Campaign, b: Campaign): boolean {
  return a.opensAt === b.opensAt && a.closesAt === b.closesAt && a.expiresAt === b.expiresAt;
}

function checkTimes({ opensAt, closesAt, expiresAt }: Campaign): void {
  if (closesAt !== null && closesAt <= opensAt) invalid("/closesAt", "must be later than opensAt");
  if (expiresAt !== null && expiresAt <= opensAt) invalid("/expiresAt", "must be later than opensAt");
}
