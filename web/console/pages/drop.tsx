// Prepares a drop: its product, its coupon, and a rehearsal with simulated buyers. The choices are in the address, so that a link restores them.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { formatInstant, formatMoney, formatNumber } from "../../shared/languages.ts";
import { readCampaigns } from "../../shared/campaigns.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Filters } from "../parts/filters.tsx";
import { Card, Failure, Field, Status, Title } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";
import { discountWords } from "./coupons.tsx";
import { NewCoupon } from "./new-coupon.tsx";
import { NewProduct } from "./new-product.tsx";
import { PastRehearsals, RehearsalForm } from "./rehearsals.tsx";

export function Drop() {
  const { query } = route.value;
  const [product, coupon] = [query.get("product") ?? undefined, query.get("coupon") ?? undefined];
  const choose = (next: { product?: string | undefined; coupon?: string | undefined }): void => navigate(to("/drop", { product, coupon, ...next }));
  return (
    <>
      <Title>{t.value.drop}</Title>
      <p class="lead">{t.value.dropLead}</p>
      <div class="columns">
        {product === undefined ? (
          <ProductChoice choose={(id) => choose({ product: id })} />
        ) : (
          <ChosenProduct id={product} clear={() => choose({ product: undefined })} />
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

/** Any product of the shop, or a new one. */
function ProductChoice({ choose }: { choose: (id: string) => void }) {
  const query = useSignal("");
  const q = query.value;
  const list = useList(q, async (cursor, signal) => {
    const { body } = await shop.listEveryProduct({ query: { limit: 10, ...cursor, ...(q ? { q } : {}) }, signal });
    return { rows: body.products, next: body.nextCursor };
  });
  return (
    <div class="stack">
      <Card title={t.value.step1}>
        <Filters search={{ label: t.value.searchProducts, value: "", find: (text) => (query.value = text) }} />
        <ListTable
          list={list}
          caption={t.value.step1}
          keyOf={({ id }) => id}
          columns={[
            {
              head: t.value.product,
              main: true,
              cell: ({ id, name }) => (
                <button type="button" class="link clip" onClick={() => choose(id)}>
                  <bdi>{name}</bdi>
                </button>
              ),
            },
            { head: t.value.stock, end: true, cell: ({ stock }) => formatNumber(stock) },
          ]}
        />
      </Card>
      <Card title={t.value.newProduct}>
        <NewProduct draft created={choose} />
      </Card>
    </div>
  );
}

function ChosenProduct({ id, clear }: { id: string; clear: () => void }) {
  const { data, error, reload } = useResource(
    `chosen product ${id}`,
    async (signal) => (await shop.getProduct({ path: { productId: id }, signal })).body,
  );
  return (
    <Chosen title={t.value.step1} error={error} retry={reload} clear={clear}>
      {data && (
        <>
          <p class="chosen-name">
            <a href={to(`/products/${id}`)}>
              <bdi>{data.name}</bdi>
            </a>
          </p>
          <p class="chosen-facts">
            <Status of={data.status} /> <span class="number">{formatMoney(data.price ?? 0)}</span> ·{" "}
            <span class="number">
              {t.value.stock} {formatNumber(data.stock)}
            </span>
          </p>
          {data.status === "NOT_FOR_SALE" && <p class="muted">{t.value.notYetOnSale}</p>}
        </>
      )}
    </Chosen>
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

type ChosenProps = { title: string; error: unknown; retry: () => Promise<void>; clear: () => void; children: ComponentChildren };

function Chosen({ title, error, retry, clear, children }: ChosenProps) {
  return (
    <Card
      title={title}
      side={
        <button type="button" class="button small quiet" onClick={clear}>
          {t.value.another}
        </button>
      }
    >
      {error !== undefined && <Failure error={error} retry={() => void retry()} />}
      {children && <div class="chosen">{children}</div>}
    </Card>
  );
}
