// Differences between the order that the buyer saw or submitted and the order now: its items, its coupon and its total.

import type { Variant } from "#client";
import { type PricedItem, priceOf } from "../price.ts";
import { t } from "../words/words.ts";
import { Notice } from "./parts.tsx";

export type CheckoutItem = PricedItem & {
  productId: string;
  variantId: string;
  imageUrl: string | null;
  dropId: string | null;
  stock: number;
  status: Variant["status"];
  /** Null if the item does not come from the cart. */
  cartItemId: string | null;
};

/** An order as its buyer saw it. It is stored with an undecided order. */
export type ShownOrder = {
  lines: Pick<CheckoutItem, "variantId" | "name" | "unitPrice" | "quantity">[];
  coupon: { id: string; name: string } | null;
  toPay: number;
};

type AppliedCoupon = { id: string; name: string; discount: Parameters<typeof priceOf>[1] };

export function shownOrder(items: readonly CheckoutItem[], coupon: AppliedCoupon | undefined): ShownOrder {
  return {
    lines: items.map(({ variantId, name, unitPrice, quantity }) => ({ variantId, name, unitPrice, quantity })),
    coupon: coupon ? { id: coupon.id, name: coupon.name } : null,
    toPay: priceOf(items, coupon?.discount ?? null).toPay,
  };
}

export function OrderChanges({ before, after }: { before: ShownOrder; after: ShownOrder }) {
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

function changesOf(before: ShownOrder, after: ShownOrder): string[] {
  const { itemRemoved, itemAdded, itemQuantity, itemPrice, couponDropped, couponApplied, totalChanged } = t.value;
  const changed = before.lines.flatMap((old) => {
    const now = after.lines.find(({ variantId }) => variantId === old.variantId);
    if (now === undefined) return [itemRemoved(old.name)];
    return [
      ...(now.unitPrice === old.unitPrice ? [] : [itemPrice(now.name, old.unitPrice, now.unitPrice)]),
      ...(now.quantity === old.quantity ? [] : [itemQuantity(now.name, old.quantity, now.quantity)]),
    ];
  });
  const added = after.lines.filter(({ variantId }) => !before.lines.some((old) => old.variantId === variantId)).map(({ name }) => itemAdded(name));
  const sameCoupon = before.coupon?.id === after.coupon?.id;
  return [
    ...changed,
    ...added,
    ...(before.coupon && !sameCoupon ? [couponDropped(before.coupon.name)] : []),
    ...(after.coupon && !sameCoupon ? [couponApplied(after.coupon.name)] : []),
    ...(before.toPay === after.toPay ? [] : [totalChanged(before.toPay, after.toPay)]),
  ];
}
