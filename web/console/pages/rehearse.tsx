// Prepares a rehearsal with simulated buyers: its product and its coupon. The choices are in the address, so that a link restores them.

import { formatInstant, formatNumber } from "../../shared/languages.ts";
import { readCampaigns } from "../../shared/campaigns.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Card, Field, Status, Title } from "../parts/parts.tsx";
import { t } from "../words/words.ts";
import { discountWords } from "./coupons.tsx";
import { NewCoupon } from "./new-coupon.tsx";
import { Chosen, ChosenProduct, ProductChoice } from "./product-choice.tsx";
import { PastRehearsals, RehearsalForm } from "./rehearsals.tsx";

export function Rehearse() {
  const { query } = route.value;
  const [product, coupon] = [query.get("product") ?? undefined, query.get("coupon") ?? undefined];
  const choose = (next: { product?: string | undefined; coupon?: string | undefined }): void =>
    navigate(to("/rehearsals", { product, coupon, ...next }));
  return (
    <>
      <Title>{t.value.rehearsals}</Title>
      <p class="lead">{t.value.dropLead}</p>
      <div class="columns">
        {product === undefined ? (
          <ProductChoice title={t.value.step1} choose={(id) => choose({ product: id })} />
        ) : (
          <ChosenProduct title={t.value.step1} id={product} clear={() => choose({ product: undefined })} />
        )}
        {coupon === undefined ? (
          <CouponChoice choose={(id) => choose({ coupon: id })} />
        ) : (
          <ChosenCoupon id={coupon} clear={() => choose({ coupon: undefined })} />
        )}
      </div>
      <RehearsalForm product={product} coupon={coupon} />
      <PastRehearsals />
    </>
  );
}

function CouponChoice({ choose }: { choose: (id: string) => void }) {
  const { data } = useResource("campaigns to choose", (signal) => readCampaigns(shop, signal));
  return (
    <div class="stack">
      <Card title={t.value.step2}>
        <Field label={t.value.chooseCoupon}>
          <select value="" onChange={({ currentTarget }) => choose(currentTarget.value)}>
            <option value="">{t.value.choose}</option>
            {data?.map(({ id, name, totalQuantity }) => (
              <option key={id} value={id}>
                {name} ({formatNumber(totalQuantity)})
              </option>
            ))}
          </select>
        </Field>
      </Card>
      <Card title={t.value.newCoupon}>
        <NewCoupon created={choose} />
      </Card>
    </div>
  );
}

function ChosenCoupon({ id, clear }: { id: string; clear: () => void }) {
  const { data, error, reload } = useResource(
    `chosen coupon ${id}`,
    async (signal) => (await shop.getCoupon({ path: { couponId: id }, signal })).body,
  );
  return (
    <Chosen title={t.value.step2} error={error} retry={reload} clear={clear}>
      {data && (
        <>
          <p class="chosen-name">
            <bdi>{data.name}</bdi>
          </p>
          <p class="chosen-facts">
            <Status of={data.status} /> {discountWords(data.discount)} ·{" "}
            <span class="number">{t.value.leftOf(data.remainingQuantity, data.totalQuantity)}</span>
          </p>
          <p class="muted">{t.value.opensAt(formatInstant(data.opensAt))}</p>
        </>
      )}
    </Chosen>
  );
}
