// The order before it is sent: its price, its coupon and its payment method.

import { type Signal, useSignal } from "@preact/signals";
import { isRefusal, type UserCoupon } from "#client";
import { formatNumber } from "../../shared/languages.ts";
import { to } from "../router.ts";
import { type Price, priceOf } from "../price.ts";
import { t } from "../words/words.ts";
import { AddressChoice, type AddressInput } from "./address-form.tsx";
import { Art } from "./art.tsx";
import { BottomBar } from "./bottom-bar.tsx";
import { isPast } from "./countdown.tsx";
import { CouponChoice } from "./coupon-choice.tsx";
import { type CheckoutItem, OrderChanges, type ShownOrder, shownOrder } from "./order-changes.tsx";
import { Failure, Money, Notice, Spinner } from "./parts.tsx";
import { cardChoice, type CardChoice, ChosenMethod, type Method, PayWith, type SimulatedOutcome } from "./pay-with.tsx";
import { localName } from "../names.ts";

/** The data that a checkout shows. */
export type CheckoutData = { items: CheckoutItem[]; fromCart: boolean; coupons: UserCoupon[]; balance: number };
/** The buyer's choices when the button is pressed; `card` is null for a payment from the balance. */
export type Submission = { coupon: UserCoupon | undefined; card: CardChoice | null; address: AddressInput | null; shown: ShownOrder };

type CheckoutFormProps = CheckoutData & {
  busy: boolean;
  error: unknown;
  /** The order as the buyer saw it last; null before that. */
  before: Signal<ShownOrder | null>;
  submit: (submission: Submission) => void;
};

/** Refusals whose way on is the page of the drop. */
const DROP_REFUSALS = ["DROP_ENTRY_REQUIRED", "DROP_NOT_OPEN", "DROP_CLOSED", "DROP_LIMIT_EXCEEDED"] as const;

export const isUsable = ({ discount, expiresAt }: UserCoupon, total: number): boolean =>
  total >= (discount.minOrderAmount ?? 0) && (expiresAt === null || !isPast(expiresAt));

export function CheckoutForm({ items, fromCart, coupons, balance, busy, error, before, submit }: CheckoutFormProps) {
  const total = priceOf(items, null).total;
  const usable = coupons.filter((coupon) => isUsable(coupon, total));
  const best = usable.toSorted((a, b) => priceOf(items, b.discount).discount - priceOf(items, a.discount).discount)[0];
  /** Undefined until the buyer chooses; the best coupon applies then. */
  const couponId = useSignal<string | null | undefined>(undefined);
  const method = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const address = useSignal<AddressInput | null>(null);
  const coupon = couponId.value === undefined ? best : usable.find(({ id }) => id === couponId.value);
  const price = priceOf(items, coupon?.discount ?? null);
  const card = cardChoice(method.value, outcome.value);
  const short = card === null && balance < price.toPay;
  const blocked = items.some((item) => unavailableReason(item) !== null);
  const shown = shownOrder(items, coupon);
  const dropId = items.find((item) => item.dropId !== null)?.dropId ?? null;
  if (before.peek() === null) before.value = shown;

  return (
    <form
      class="with-aside"
      onSubmit={(event) => {
        event.preventDefault();
        if (busy || short || blocked) return;
        before.value = shown;
        submit({ coupon, card, address: address.value, shown });
      }}
    >
      <div class="stack">
        <OrderedItems items={price.items} />
        <AddressChoice address={address} disabled={busy} />
        <CouponChoice
          coupons={coupons}
          usable={usable}
          chosen={coupon}
          items={items}
          disabled={busy}
          choose={(id) => {
            couponId.value = id;
            before.value = null;
          }}
        />
        <PayWith method={method} outcome={outcome} balance={balance} toPay={price.toPay} fixed={busy} />
      </div>
      <aside class="sum">
        <PriceTable price={price} />
        {/* Its messages are part of the bar, so that they are in view when the button was pressed. */}
        <BottomBar>
          {error !== undefined && <Failure error={error} />}
          {!busy && dropId !== null && isRefusal(error, ...DROP_REFUSALS) && <a href={to(`/drops/${dropId}`)}>{t.value.toDrop}</a>}
          {!busy && before.value && <OrderChanges before={before.value} after={shown} />}
          {blocked && !busy && (
            <Notice kind="warn">
              {t.value.cartBlocked}{" "}
              <a href={fromCart ? to("/cart") : to(`/products/${items[0]?.productId}`)}>{fromCart ? t.value.seeCart : t.value.seeProduct}</a>
            </Notice>
          )}
          {!blocked && <ChosenMethod method={method.value} balance={balance} toPay={price.toPay} fixed={busy} />}
          <button type="submit" class="button primary wide" disabled={!busy && (short || blocked)} aria-disabled={busy}>
            {busy && <Spinner />}
            {busy ? t.value.paying : t.value.pay(price.toPay)}
          </button>
        </BottomBar>
      </aside>
    </form>
  );
}

function PriceTable({ price }: { price: Price<CheckoutItem> }) {
  return (
    <table class="price-table">
      <caption>{t.value.priceTable}</caption>
      <tbody>
        <tr class="subtotal">
          <th scope="row">{t.value.total}</th>
          <td>
            <Money amount={price.total} />
          </td>
        </tr>
        {price.discount > 0 && (
          <tr class="saved">
            <th scope="row">{t.value.discount}</th>
            <td>
              <Money amount={-price.discount} />
            </td>
          </tr>
        )}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t.value.toPay}</th>
          <td>
            <Money amount={price.toPay} />
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

function OrderedItems({ items }: { items: Price<CheckoutItem>["items"] }) {
  return (
    <section class="panel">
      <h2>{t.value.items}</h2>
      <ul class="rows plain">
        {items.map((item) => {
          const { productId, variantId, name, status, unitPrice, quantity, amount, imageUrl } = item;
          return (
            <li key={variantId} class="row">
              <span class="row-art">
                <Art id={productId} name={name} image={imageUrl} />
              </span>
              <span class="row-body">
                <bdi class="row-name clamp">{localName(name)}</bdi>
                <span class="row-warning">{unavailableReason(item)}</span>
                {status !== "NOT_FOR_SALE" && (
                  <span class="row-foot">
                    <span class="muted number">
                      <Money amount={unitPrice} /> × {formatNumber(quantity)}
                    </span>
                    <span class="row-amount">
                      <Money amount={amount} />
                    </span>
                  </span>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Why an item cannot be ordered in this quantity; null if it can. */
function unavailableReason({ status, stock, quantity }: CheckoutItem): string | null {
  if (status === "NOT_FOR_SALE") return t.value.notForSale;
  if (status === "SOLD_OUT" || stock === 0) return t.value.soldOut;
  return quantity > stock ? t.value.shortOf(stock) : null;
}
