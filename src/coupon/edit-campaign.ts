import { type Metadata, mergedMetadata, type MetadataPatch } from "../http/metadata.ts";
import { invalid, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { type CampaignView, campaignView, OPERATOR } from "./campaign-view.ts";
import { sameDiscount, sameTerms } from "./campaign-terms.ts";
import { campaigns } from "./campaign.sql.ts";
import { type Campaign, type CampaignVisibility, type Discount, isOver, withSoldOutAt } from "./coupon.ts";

/** Instants in ms. Without `opensAt` the campaign opens immediately. */
export type CampaignFields = {
  name: string;
  discount: Discount;
  totalQuantity: number;
  opensAt?: number;
  closesAt?: number | null;
  validDays?: number | null;
  expiresAt?: number | null;
  visibility?: CampaignVisibility;
};

/** `rehearsalId` marks a rehearsal's copy. */
export type NewCampaign = CampaignFields & { metadata?: Metadata; rehearsalId?: string };

const DEFAULTS = { closesAt: null, validDays: null, expiresAt: null, visibility: "PUBLIC", metadata: {}, rehearsalId: null } as const;

/** Creates a campaign. Errors: INVALID_REQUEST if its times contradict each other. */
export const createCampaign = command<NewCampaign, CampaignView>({
  name: "create campaign",
  needs: () => [],

  decide(uow, fields) {
    const campaign: Campaign = {
      ...DEFAULTS,
      opensAt: uow.now,
      ...fields,
      id: uow.newId(),
      issuedQuantity: 0,
      version: 1,
      soldOutAt: null,
    };
    checkTimes(campaign);
    uow.put(campaigns, campaign.id, { ...campaign, made: { createdAt: uow.now } });
    return campaignView(campaign, uow.now, OPERATOR);
  },
});

/** `version` is the version that the caller read; without it the edit applies to any version. */
export type EditCampaign = { couponId: string; version?: number; fields: Partial<CampaignFields> & { metadata?: MetadataPatch } };

/**
 * Changes the given fields of a campaign. After the first coupon is issued the discount cannot
 * change, and the total cannot fall below the number issued. A form may send all fields back:
 * unchanged values have no effect, and an edit without changes keeps the version.
 * Errors: COUPON_NOT_FOUND, VERSION_CONFLICT with the campaign as `current`, INVALID_REQUEST.
 */
export const editCampaign = command<EditCampaign, CampaignView>({
  name: "edit campaign",
  needs: ({ couponId }) => [need(campaigns, couponId)],

  decide(uow, { couponId, version, fields }) {
    const campaign = uow.find(campaigns, couponId) ?? refuse("COUPON_NOT_FOUND", { couponId });
    if (version !== undefined && version !== campaign.version)
      refuse("VERSION_CONFLICT", { couponId, current: campaignView(campaign, uow.now, OPERATOR) });
    const edited: Campaign = { ...campaign, ...fields, metadata: mergedMetadata(campaign.metadata, fields.metadata) };
    if (sameTerms(campaign, edited)) return campaignView(campaign, uow.now, OPERATOR);
    if (!sameDiscount(campaign.discount, edited.discount) && campaign.issuedQuantity > 0)
      invalid("/discount", "cannot change once a coupon has been issued");
    if (edited.totalQuantity < campaign.issuedQuantity) invalid("/totalQuantity", `cannot fall below the ${campaign.issuedQuantity} issued`);
    if (!sameTimes(campaign, edited)) checkTimes(edited);
    const saved = withSoldOutAt({ ...edited, version: campaign.version + 1 }, uow.now);
    uow.put(campaigns, couponId, saved);
    return campaignView(saved, uow.now, OPERATOR);
  },
});

/**
 * Stops issuing now. A campaign that has not opened yet is closed, too, and never opens. A campaign
 * that is over does not change.
 * Errors: COUPON_NOT_FOUND.
 */
export const closeCampaign = command<{ couponId: string }, CampaignView>({
  name: "close campaign",
  needs: ({ couponId }) => [need(campaigns, couponId)],

  decide(uow, { couponId }) {
    const campaign = uow.find(campaigns, couponId) ?? refuse("COUPON_NOT_FOUND", { couponId });
    if (isOver(campaign, uow.now)) return campaignView(campaign, uow.now, OPERATOR);
    // Keeps `opensAt`: if an operator clears `closesAt` again, the campaign opens as planned.
    const closed: Campaign = { ...campaign, closesAt: uow.now, version: campaign.version + 1 };
    uow.put(campaigns, couponId, closed);
    return campaignView(closed, uow.now, OPERATOR);
  },
});

function sameTimes(a: Campaign, b: Campaign): boolean {
  return a.opensAt === b.opensAt && a.closesAt === b.closesAt && a.expiresAt === b.expiresAt;
}

function checkTimes({ opensAt, closesAt, expiresAt }: Campaign): void {
  if (closesAt !== null && closesAt <= opensAt) invalid("/closesAt", "must be later than opensAt");
  if (expiresAt !== null && expiresAt <= opensAt) invalid("/expiresAt", "must be later than opensAt");
}
