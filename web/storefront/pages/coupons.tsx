import { useRef } from "preact/hooks";
import type { Campaign, UserCoupon } from "#client";
import { formatInstant } from "../../shared/languages.ts";
import { shop } from "../api.ts";
import { CampaignCard } from "../parts/campaign.tsx";
import { isPast } from "../parts/countdown.tsx";
import { discountWords } from "../parts/discount.ts";
import { Reminder } from "../parts/reminder.tsx";
import { couponsOf, lastValidInstant, useUserResource } from "../parts/user-resource.ts";
import { Empty, Failure, Skeleton, Title } from "../parts/parts.tsx";
import { readCampaigns } from "../../shared/campaigns.ts";
import { useReadyWithin, useResource } from "../../shared/resource.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";
import { localName } from "../names.ts";

const PARTS_MS = 4000;

export function Coupons() {
  const campaigns = useResource("campaigns", (signal) => readCampaigns(shop, signal), {
    everyMs: 2000,
  });
  const owned = useUserResource("coupons", (userId, signal) => couponsOf(userId, "ALL", signal));
  const claimed = new Set(owned.data?.map(({ couponId }) => couponId));
  const changed = () => Promise.all([campaigns.reload(), owned.reload()]);
  const shown = useStableOrder(campaigns.data ?? []);
  // The parts appear together, so that the campaigns do not push the user's own coupons away.
  const isReady = useReadyWithin(PARTS_MS, session.value === null ? [campaigns] : [campaigns, owned]);
  return (
    <>
      <Title>{t.value.coupons}</Title>
      <section>
        <h2 class="section-head">{t.value.couponsOpen}</h2>
        {(!campaigns.data || !isReady) &&
          (campaigns.error === undefined ? <Skeleton tall /> : <Failure error={campaigns.error} retry={() => void campaigns.reload()} />)}
        {campaigns.data?.length === 0 && <Empty icon="coupon" title={t.value.noCampaigns} hint={t.value.noCampaignsHint} />}
        <div class="campaigns">
          {(isReady ? shown : []).map((campaign) => (
            <CampaignCard
              key={campaign.id}
              campaign={campaign}
              claimed={claimed.has(campaign.id)}
              changed={changed}
              reminder={<Reminder id={campaign.id} name={campaign.name} opensAt={campaign.opensAt} path="/coupons" />}
            />
          ))}
        </div>
      </section>
      {session.value !== null && isReady && (
        <section>
          <h2 class="section-head">{t.value.couponBox}</h2>
          {!owned.data && (owned.error === undefined ? <Skeleton /> : <Failure error={owned.error} retry={() => void owned.reload()} />)}
          {owned.data?.length === 0 && <Empty icon="coupon" title={t.value.noCoupons} hint={t.value.noCouponsHint} />}
          <ul class="tickets">
            {owned.data
              ?.map((coupon) => ({ ...coupon, status: statusNow(coupon) }))
              .toSorted((a, b) => Number(b.status === "AVAILABLE") - Number(a.status === "AVAILABLE"))
              .map((coupon) => (
                <Ticket key={coupon.id} coupon={coupon} />
              ))}
          </ul>
        </section>
      )}
    </>
  );
}

const RANK = { OPEN: 0, UPCOMING: 1, SOLD_OUT: 2, CLOSED: 3 };

/** Sorted once per visit, so that no card moves when it is pressed or sells out; later campaigns come last. */
function useStableOrder(campaigns: readonly Campaign[]): Campaign[] {
  const places = useRef(new Map<string, number>());
  for (const { id } of campaigns.toSorted((a, b) => RANK[a.status] - RANK[b.status]))
    if (!places.current.has(id)) places.current.set(id, places.current.size);
  return campaigns.toSorted((a, b) => (places.current.get(a.id) ?? 0) - (places.current.get(b.id) ?? 0));
}

/** The shop's status, updated by the clock: a coupon expires without another read. */
function statusNow({ status, expiresAt }: UserCoupon): UserCoupon["status"] {
  return status === "AVAILABLE" && expiresAt !== null && isPast(expiresAt) ? "EXPIRED" : status;
}

function Ticket({ coupon: { name, discount, status, expiresAt, usedAt } }: { coupon: UserCoupon }) {
  const { headline, conditions } = discountWords(discount);
  const state = { AVAILABLE: t.value.usable, USED: t.value.used, EXPIRED: t.value.couponExpired, VOID: t.value.couponVoid };
  return (
    <li class={`ticket ${status.toLowerCase()}`}>
      <span class="ticket-discount">{headline}</span>
      <span class="ticket-body">
        <bdi class="ticket-name">{localName(name)}</bdi>
        <span class="muted">
          {[...conditions, usedAt ? t.value.usedAt(usedAt) : expiresAt ? t.value.until(lastValidInstant(expiresAt)) : t.value.forever].join(" · ")}
        </span>
      </span>
      <span class="pill" title={usedAt ? formatInstant(usedAt) : undefined}>
        {state[status]}
      </span>
    </li>
  );
}
