// A coupon campaign: discount, opening time, remaining coupons, and the button to claim one.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Campaign, isRefusal } from "#client";
import { useAttempt } from "../attempt.ts";
import { redirect, route, to } from "../router.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";
import { Countdown, isPast } from "./countdown.tsx";
import { discountWords } from "./discount.ts";
import { Notice, Reason, Spinner } from "./parts.tsx";
import { lastValidInstant } from "./user-resource.ts";
import { localName } from "../names.ts";

type CardProps = { campaign: Campaign; claimed: boolean; changed: () => Promise<unknown>; reminder?: ComponentChildren };

/** @param reminder of the opening; not on the home page, whose files are small */
export function CampaignCard({ campaign, claimed, changed, reminder }: CardProps) {
  const { headline, conditions } = discountWords(campaign.discount);
  const status = statusNow(campaign);
  const share = campaign.totalQuantity === 0 ? 0 : campaign.remainingQuantity / campaign.totalQuantity;
  return (
    <article class={`campaign ${status.toLowerCase()}`} data-campaign={campaign.id}>
      <div class="campaign-body">
        <p class="campaign-discount">{headline}</p>
        <h3>
          <bdi>{localName(campaign.name)}</bdi>
        </h3>
        <p class="muted">{[...conditions, campaign.closesAt ? t.value.until(campaign.closesAt) : ""].filter(Boolean).join(" · ")}</p>
        <div class="campaign-left">
          <div class="bar" aria-hidden="true">
            <span style={{ inlineSize: `${share * 100}%` }} />
          </div>
          <p class="number">{t.value.couponsLeft(campaign.remainingQuantity, campaign.totalQuantity)}</p>
        </div>
      </div>
      <div class="campaign-action">
        {status === "UPCOMING" && <Countdown to={campaign.opensAt} label={t.value.untilOpen} />}
        <Claim campaign={campaign} status={status} claimed={claimed} changed={changed} />
        {status === "UPCOMING" && reminder}
      </div>
    </article>
  );
}

/** The shop's status, updated by the clock: a campaign opens without another read. */
export function statusNow({ status, opensAt, remainingQuantity }: Campaign): Campaign["status"] {
  if (status !== "UPCOMING" || !isPast(opensAt)) return status;
  return remainingQuantity === 0 ? "SOLD_OUT" : "OPEN";
}

type Outcome = { kind: "good" | "bad" | "warn"; words: string | { error: unknown } };

function Claim({
  campaign,
  status,
  claimed,
  changed,
}: {
  campaign: Campaign;
  status: Campaign["status"];
  claimed: boolean;
  changed: () => Promise<unknown>;
}) {
  const outcome = useSignal<Outcome | null>(null);
  const claim = useAttempt(async ({ key, shop }) => {
    outcome.value = null;
    try {
      const { body } = await shop.issueCoupon({ path: { couponId: campaign.id }, body: {}, idempotencyKey: key });
      outcome.value = { kind: "good", words: body.expiresAt ? t.value.claimedUntil(lastValidInstant(body.expiresAt)) : t.value.claimSucceeded };
    } catch (error) {
      outcome.value = outcomeOf(error);
      throw error;
    } finally {
      // The outcome shows now; the rest of the page can follow later.
      void changed();
    }
  });
  const shown = outcome.value;
  const owned = claimed || shown?.kind === "good";
  // The visitor pressed before signing in.
  const wanted = route.value.query.get("claim") === campaign.id && session.value !== null;
  useEffect(() => {
    if (!wanted) return;
    redirect(to(route.peek().path));
    if (!claimed && status === "OPEN") void claim.run();
  }, [wanted]);
  const waited = useRef(false);
  if (status === "UPCOMING") waited.current = true;
  const opened = waited.current && status === "OPEN";
  // `aria-disabled` and not `disabled`, so that the button keeps the focus during and after the claim.
  const press = (): void => {
    if (!owned && status === "OPEN") void claim.run();
  };
  return (
    <>
      {session.value === null && (status === "OPEN" || status === "UPCOMING") ? (
        <a class="button primary" href={to("/sign-in", { next: `/coupons?claim=${campaign.id}` })}>
          {t.value.signInToClaim}
        </a>
      ) : (
        <button type="button" class="button primary" aria-disabled={owned || status !== "OPEN" || claim.busy} onClick={press}>
          {claim.busy && <Spinner />}
          {claim.busy ? t.value.claiming : label(status, owned)}
        </button>
      )}
      {/* It has its place from the beginning, so that nothing moves when the coupon is claimed. */}
      <p class={`claim-note ${shown?.kind === "good" ? "good" : ""}`} role="status">
        {shown?.kind === "good" && typeof shown.words === "string" ? shown.words : goodFor(campaign)}
      </p>
      {shown && shown.kind !== "good" && (
        <Notice kind={shown.kind}>{typeof shown.words === "string" ? shown.words : <Reason error={shown.words.error} />}</Notice>
      )}
      <p class="visually-hidden" role="status">
        {opened && !owned ? t.value.nowOpen : ""}
      </p>
    </>
  );
}

/** How long a claimed coupon is good. */
function goodFor({ validDays, expiresAt }: Campaign): string {
  if (expiresAt) return t.value.usableUntil(lastValidInstant(expiresAt));
  return validDays ? t.value.usableDays(validDays) : t.value.forever;
}

function label(status: Campaign["status"], owned: boolean): string {
  if (owned) return t.value.claimed;
  const labels = { UPCOMING: t.value.claimSoon, OPEN: t.value.claim, SOLD_OUT: t.value.allClaimed, CLOSED: t.value.closed };
  return labels[status];
}

function outcomeOf(error: unknown): Outcome {
  if (isRefusal(error, "COUPON_SOLD_OUT")) return { kind: "bad", words: t.value.claimSoldOut };
  if (isRefusal(error, "COUPON_ALREADY_ISSUED")) return { kind: "good", words: t.value.claimAlready };
  if (isRefusal(error, "COUPON_CLOSED")) return { kind: "warn", words: t.value.claimClosed };
  return { kind: "warn", words: { error } };
}
