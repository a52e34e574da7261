// A coupon campaign: what it gives, when it opens, how many are left, and the one button.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { type Campaign, isRefusal } from "#client";
import { useAttempt } from "../attempt.ts";
import { to } from "../../shared/router.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";
import { Countdown, isPast } from "./countdown.tsx";
import { discountWords } from "./discount.ts";
import { Notice, Reason, Spinner } from "./parts.tsx";

export function CampaignCard({ campaign, mine, changed }: { campaign: Campaign; mine: boolean; changed: () => Promise<unknown> }) {
  const { headline, conditions } = discountWords(campaign.discount);
  const status = statusNow(campaign);
  const share = campaign.totalQuantity === 0 ? 0 : campaign.remainingQuantity / campaign.totalQuantity;
  return (
    <article class={`campaign ${status.toLowerCase()}`} data-campaign={campaign.id}>
      <div class="campaign-body">
        <p class="campaign-discount">{headline}</p>
        <h3>
          <bdi>{campaign.name}</bdi>
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
        {status === "UPCOMING" && <Countdown to={campaign.opensAt} label={t.value.opensIn} />}
        <Claim campaign={campaign} status={status} mine={mine} changed={changed} />
      </div>
    </article>
  );
}

/** As the shop said, but for the moment of opening: that comes by the clock, without asking again. */
export function statusNow({ status, opensAt, remainingQuantity }: Campaign): Campaign["status"] {
  if (status !== "UPCOMING" || !isPast(opensAt)) return status;
  return remainingQuantity === 0 ? "SOLD_OUT" : "OPEN";
}

type Outcome = { kind: "good" | "bad" | "warn"; words: string | { error: unknown } };

function Claim({
  campaign,
  status,
  mine,
  changed,
}: {
  campaign: Campaign;
  status: Campaign["status"];
  mine: boolean;
  changed: () => Promise<unknown>;
}) {
  const outcome = useSignal<Outcome | null>(null);
  const claim = useAttempt(async ({ key, shop }) => {
    outcome.value = null;
    try {
      await shop.issueCoupon({ path: { couponId: campaign.id }, body: {}, idempotencyKey: key });
      outcome.value = { kind: "good", words: t.value.gotIt };
    } catch (error) {
      outcome.value = outcomeOf(error);
      throw error;
    } finally {
      // What came of it is known; the rest of the page may follow when it can.
      void changed();
    }
  });
  const said = outcome.value;
  const have = mine || said?.kind === "good";
  const waited = useRef(false);
  if (status === "UPCOMING") waited.current = true;
  const opened = waited.current && status === "OPEN";
  // Not disabled: the button keeps the focus through the claim and after it.
  const press = (): void => {
    if (!have && status === "OPEN") void claim.run();
  };
  return (
    <>
      {session.value === null && (status === "OPEN" || status === "UPCOMING") ? (
        <a class="button primary" href={to("/sign-in", { next: "/coupons" })}>
          {t.value.signInToClaim}
        </a>
      ) : (
        <button type="button" class="button primary" aria-disabled={have || status !== "OPEN" || claim.busy} onClick={press}>
          {claim.busy && <Spinner />}
          {claim.busy ? t.value.claiming : label(status, have)}
        </button>
      )}
      {said && <Notice kind={said.kind}>{typeof said.words === "string" ? said.words : <Reason error={said.words.error} />}</Notice>}
      <p class="visually-hidden" role="status">
        {opened && !have ? t.value.nowOpen : ""}
      </p>
    </>
  );
}

function label(status: Campaign["status"], have: boolean): string {
  if (have) return t.value.claimed;
  const labels = { UPCOMING: t.value.claimSoon, OPEN: t.value.claim, SOLD_OUT: t.value.allClaimed, CLOSED: t.value.closed };
  return labels[status];
}

function outcomeOf(error: unknown): Outcome {
  if (isRefusal(error, "COUPON_SOLD_OUT")) return { kind: "bad", words: t.value.claimSoldOut };
  if (isRefusal(error, "COUPON_ALREADY_ISSUED")) return { kind: "good", words: t.value.claimAlready };
  if (isRefusal(error, "COUPON_CLOSED")) return { kind: "warn", words: t.value.claimClosed };
  return { kind: "warn", words: { error } };
}
