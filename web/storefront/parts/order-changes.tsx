// What of an order has changed since the buyer last saw or pressed it: each line, the coupon, and the sum.

import type { Variant } from "#client";
import { type Line, priceOf } from "../price.ts";
import { t } from "../words/words.ts";
import { Notice } from "./parts.tsx";

export type Article = Line & { productId: string; variantId: string; stock: number; status: Variant["status"]; cartItemId: string | null };

/** An order as its buyer saw it. */
export type Shown = {
  lines: Pick<Article, "variantId" | "name" | "unitPrice" | "quantity">[];
  coupon: { id: string; name: string } | null;
  toPay: number;
};

export function shownOf(
  articles: readonly Article[],
  coupon: { id: string; name: string; discount: Parameters<typeof priceOf>[1] } | undefined,
): Shown {
  return {
    lines: articles.map(({ variantId, name, unitPrice, quantity }) => ({ variantId, name, unitPrice, quantity })),
    coupon: coupon ? { id: coupon.id, name: coupon.name } : null,
    toPay: priceOf(articles, coupon?.discount ?? null).toPay,
  };
}

export function OrderChanges({ before, after }: { before: Shown; after: Shown }) {
  const changes = changesOf(before, after);
  if (changes.length === 0) return null;
  return (
    <Notice kind="warn">
      <p>
        <strong>{t.value.orderChanged}</strong>
      </p>
      <ul class="changes">
        {changes.map((words) => (
          <li key={words}>
            <bdi>{words}</bdi>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function changesOf(before: Shown, after: Shown): string[] {
  const { lineGone, lineAdded, lineQuantity, linePrice, couponDropped, couponApplied, sumChanged } = t.value;
  const lines = before.lines.flatMap((was) => {
    const now = after.lines.find(({ variantId }) => variantId === was.variantId);
    if (now === undefined) return [lineGone(was.name)];
    return [
      ...(now.unitPrice === was.unitPrice ? [] : [linePrice(now.name, was.unitPrice, now.unitPrice)]),
      ...(now.quantity === was.quantity ? [] : [lineQuantity(now.name, was.quantity, now.quantity)]),
    ];
  });
  const added = after.lines.filter(({ variantId }) => !before.lines.some((was) => was.variantId === variantId)).map(({ name }) => lineAdded(name));
  const sameCoupon = before.coupon?.id === after.coupon?.id;
  return [
    ...lines,
    ...added,
    ...(before.coupon && !sameCoupon ? [couponDropped(before.coupon.name)] : []),
    ...(after.coupon && !sameCoupon ? [couponApplied(after.coupon.name)] : []),
    ...(before.toPay === after.toPay ? [] : [sumChanged(before.toPay, after.toPay)]),
  ];
}
