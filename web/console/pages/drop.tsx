// A drop: what is sold, with which coupon, and when; and how it would go, tried with simulated buyers before real ones come. What is prepared stands
// in the address, so that it can be left, found again and shared.

import { useSignal } from "@preact/signals";
import { type Body, everyPage } from "#client";
import { formatInstant, formatMoney, formatNumber } from "../../shared/languages.ts";
import { useAttempt } from "../attempt.ts";
import { readCampaigns } from "../../shared/campaigns.ts";
import { useResource } from "../../shared/resource.ts";
import { go, place, to } from "../../shared/router.ts";
import { facts, shop } from "../api.ts";
import { NumberField } from "../parts/fields.tsx";
import { Card, Failure, Field, Notice, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";
import { discountWords } from "./coupons.tsx";
import { NewCoupon } from "./new-coupon.tsx";
import { NewProduct } from "./new-product.tsx";

export function Drop() {
  const { query } = place.value;
  const [product, coupon] = [query.get("product") ?? undefined, query.get("coupon") ?? undefined];
  const choose = (next: { product?: string | undefined; coupon?: string | undefined }): void => go(to("/drop", { product, coupon, ...next }));
  return (
    <>
      <Title>{t.value.drop}</Title>
      <p class="lead">{t.value.dropLead}</p>
      <div class="columns">
        <ChosenProduct id={product} choose={(id) => choose({ product: id })} />
        <ChosenCoupon id={coupon} choose={(id) => choose({ coupon: id })} />
      </div>
      <Rehearse product={product} coupon={coupon} />
      <Past />
    </>
  );
}

function ChosenProduct({ id, choose }: { id: string | undefined; choose: (id: string | undefined) => void }) {
  const { data, error, reload } = useResource(`chosen ${id}`, async (signal) =>
    id === undefined
      ? { one: undefined, all: await newestProducts(signal) }
      : { one: (await shop.getProduct({ path: { productId: id }, signal })).body, all: [] },
  );
  const one = data?.one;
  if (id !== undefined)
    return (
      <Card
        title={t.value.step1}
        side={
          <button type="button" class="button small quiet" onClick={() => choose(undefined)}>
            {t.value.another}
          </button>
        }
      >
        {error !== undefined && <Failure error={error} retry={() => void reload()} />}
        {one && (
          <div class="chosen">
            <p class="chosen-name">
              <a href={to(`/products/${one.id}`)}>
                <bdi>{one.name}</bdi>
              </a>
            </p>
            <p class="chosen-facts">
              <Status of={one.status} /> <span class="number">{formatMoney(one.price ?? 0)}</span> ·{" "}
              <span class="number">
                {t.value.pieces} {formatNumber(one.stock)}
              </span>
            </p>
            {one.status === "NOT_FOR_SALE" && <p class="muted">{t.value.notYetOnSale}</p>}
          </div>
        )}
      </Card>
    );
  return (
    <div class="stack">
      <Card title={t.value.step1}>
        <Field label={t.value.chooseProduct}>
          <select value="" onChange={({ currentTarget }) => choose(currentTarget.value)}>
            <option value="">{t.value.choose}</option>
            {data?.all.map(({ id, name, stock }) => (
              <option key={id} value={id}>
                {name} ({formatNumber(stock)})
              </option>
            ))}
          </select>
        </Field>
      </Card>
      <Card title={t.value.newProduct}>
        <NewProduct draft made={choose} />
      </Card>
    </div>
  );
}

/** A choice of more would be of no use: a product that is not among them is rehearsed from its own page. */
const MOST_PRODUCTS = 1000;

async function newestProducts(signal: AbortSignal): Promise<Body<"listEveryProduct">["products"]> {
  const found: Body<"listEveryProduct">["products"] = [];
  for await (const { products } of everyPage((from) => shop.listEveryProduct({ query: { limit: 100, ...from }, signal }))) {
    found.push(...products);
    if (found.length >= MOST_PRODUCTS) break;
  }
  return found;
}

function ChosenCoupon({ id, choose }: { id: string | undefined; choose: (id: string | undefined) => void }) {
  const { data, error, reload } = useResource(`chosen coupon ${id}`, async (signal) =>
    id === undefined
      ? { one: undefined, all: await readCampaigns(shop, signal) }
      : { one: (await shop.getCoupon({ path: { couponId: id }, signal })).body, all: [] },
  );
  const one = data?.one;
  if (id !== undefined)
    return (
      <Card
        title={t.value.step2}
        side={
          <button type="button" class="button small quiet" onClick={() => choose(undefined)}>
            {t.value.another}
          </button>
        }
      >
        {error !== undefined && <Failure error={error} retry={() => void reload()} />}
        {one && (
          <div class="chosen">
            <p class="chosen-name">
              <bdi>{one.name}</bdi>
            </p>
            <p class="chosen-facts">
              <Status of={one.status} /> {discountWords(one.discount)} ·{" "}
              <span class="number">{t.value.leftOf(one.remainingQuantity, one.totalQuantity)}</span>
            </p>
            <p class="muted">{t.value.opensAt(formatInstant(one.opensAt))}</p>
          </div>
        )}
      </Card>
    );
  return (
    <div class="stack">
      <Card title={t.value.step2}>
        <Field label={t.value.chooseCoupon}>
          <select value="" onChange={({ currentTarget }) => choose(currentTarget.value)}>
            <option value="">{t.value.choose}</option>
            {data?.all.map(({ id, name, totalQuantity }) => (
              <option key={id} value={id}>
                {name} ({formatNumber(totalQuantity)})
              </option>
            ))}
          </select>
        </Field>
      </Card>
      <Card title={t.value.newCoupon}>
        <NewCoupon made={choose} />
      </Card>
    </div>
  );
}

function Rehearse({ product, coupon }: { product: string | undefined; coupon: string | undefined }) {
  const [buyers, within] = [useSignal("2000"), useSignal("3")];
  const start = useAttempt(async ({ key, shop }) => {
    const { body } = await shop.startRehearsal({
      body: {
        ...(product ? { productId: product } : {}),
        ...(coupon ? { couponId: coupon } : {}),
        buyers: Number(buyers.value),
        arriveWithinMs: Math.round(Number(within.value) * 1000),
      },
      idempotencyKey: key,
    });
    go(to(`/rehearsals/${body.id}`));
  });
  if (facts.value?.tokens === "issuer")
    return (
      <Card title={t.value.step3}>
        <Notice kind="warn">{t.value.noRehearsals}</Notice>
      </Card>
    );
  return (
    <Card title={t.value.step3}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void start.run();
        }}
      >
        <p class="muted">{t.value.rehearsalWords}</p>
        <div class="form-row">
          <NumberField label={t.value.buyers} value={buyers} min={1} max={10_000} />
          <Field label={t.value.withinSeconds}>
            <input
              required
              type="number"
              min={0}
              max={60}
              step="0.5"
              value={within.value}
              onInput={({ currentTarget }) => (within.value = currentTarget.value)}
            />
          </Field>
          <button class="button primary" type="submit" disabled={!product && !coupon} aria-disabled={start.busy}>
            {start.busy ? t.value.working : t.value.startRehearsal}
          </button>
        </div>
        {!product && !coupon && <p class="muted">{t.value.chooseFirst}</p>}
        {start.error !== undefined && <Failure error={start.error} />}
      </form>
    </Card>
  );
}

function Past() {
  const list = useList("rehearsals", async (cursor, signal) => {
    const { body } = await shop.listRehearsals({ query: { limit: 10, ...cursor }, signal });
    return { rows: body.rehearsals, next: body.nextCursor };
  });
  return (
    <Card title={t.value.rehearsals}>
      <ListTable
        list={list}
        caption={t.value.rehearsals}
        keyOf={({ id }) => id}
        columns={[
          {
            head: t.value.rehearsal,
            main: true,
            cell: ({ id, plan }) => (
              <a class="clip" href={to(`/rehearsals/${id}`)}>
                <bdi>{plan.product?.name ?? plan.coupon?.name}</bdi>
              </a>
            ),
          },
          { head: t.value.status, cell: ({ state }) => <Status of={state} /> },
          { head: t.value.buyers, end: true, cell: ({ plan }) => formatNumber(plan.buyers) },
          { head: t.value.sold, end: true, cell: ({ report }) => (report?.orders ? formatNumber(report.orders.succeeded) : "–") },
          { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
        ]}
      />
    </Card>
  );
}
