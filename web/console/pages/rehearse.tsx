// Prepares a rehearsal with simulated buyers: its product or its drop, and its coupon. The choices are in the address, so that a link restores them.

import { formatInstant, formatNumber } from "../../shared/languages.ts";
import { readCampaigns } from "../../shared/campaigns.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Card, Field, FoldedCard, Status, Title } from "../parts/parts.tsx";
import { r } from "../words/rehearsals.ts";
import { t } from "../words/words.ts";
import { discountWords } from "./coupons.tsx";
import { NewCoupon } from "./new-coupon.tsx";
import { Chosen, ChosenProduct, ProductChoice } from "./product-choice.tsx";
import { ChosenDrop } from "./rehearsed-drop.tsx";
import { PastRehearsals, RehearsalForm } from "./rehearsals.tsx";

export function Rehearse() {
  const { query } = route.value;
  const [product, coupon, drop] = ["product", "coupon", "drop"].map((name) => query.get(name) ?? undefined);
  const choose = (next: { product?: string | undefined; coupon?: string | undefined; drop?: undefined }): void =>
    navigate(to("/rehearsals", { drop, product, coupon, ...next }));
  return (
    <>
      <Title>{t.value.rehearsals}</Title>
      <p class="lead">{drop === undefined ? t.value.dropLead : r.value.lead}</p>
      {drop !== undefined && <ChosenDrop id={drop} clear={() => choose({ drop: undefined })} />}
      {drop !== undefined && <RehearsalForm coupon={coupon} drop={drop} />}
      <div class="columns">
        {drop !== undefined ? null : product === undefined ? (
          <ProductChoice title={t.value.step1} choose={(id) => choose({ product: id })} />
        ) : (
          <ChosenProduct title={t.value.step1} id={product} clear={() => choose({ product: undefined })} />
        )}
        {coupon === undefined ? (
          <CouponChoice title={drop === undefined ? t.value.step2 : r.value.withCoupon} choose={(id) => choose({ coupon: id })} />
        ) : (
          <ChosenCoupon title={drop === undefined ? t.value.step2 : t.value.coupon} id={coupon} clear={() => choose({ coupon: undefined })} />
        )}
      </div>
      {drop === undefined && <RehearsalForm product={product} coupon={coupon} />}
      <PastRehearsals />
    </>
  );
}

function CouponChoice({ title, choose }: { title: string; choose: (id: string) => void }) {
  const { data } = useResource("campaigns to choose", (signal) => readCampaigns(shop, signal));
  return (
    <div class="stack">
      <Card title={title}>
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
      <FoldedCard title={t.value.newCoupon}>
        <NewCoupon created={choose} />
      </FoldedCard>
    </div>
  );
}

function ChosenCoupon({ title, id, clear }: { title: string; id: string; clear: () => void }) {
  const { data, error, reload } = useResource(
    `chosen coupon ${id}`,
    async (signal) => (await shop.getCoupon({ path: { couponId: id }, signal })).body,
  );
  return (
    <Chosen title={title} error={error} retry={reload} clear={clear}>
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
