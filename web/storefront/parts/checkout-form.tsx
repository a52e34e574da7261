// The order before it is sent: what it comes to, with which coupon, and how it is paid.

import { type Signal, useSignal } from "@preact/signals";
import type { UserCoupon } from "#client";
import { formatNumber } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import { facts } from "../api.ts";
import { type Price, priceOf } from "../price.ts";
import { t } from "../words/words.ts";
import { isPast } from "./countdown.tsx";
import { CouponChoice } from "./coupon-choice.tsx";
import { type Article, OrderChanges, type Shown, shownOf } from "./order-changes.tsx";
import { Failure, Money, Notice, Spinner } from "./parts.tsx";
import { type Method, PayWith, type SimulatedOutcome } from "./pay-with.tsx";

export type Ready = { articles: Article[]; fromCart: boolean; coupons: UserCoupon[]; balance: number };
export type Pressed = { coupon: UserCoupon | undefined; card: SimulatedOutcome | null; shown: Shown };

type FormProps = Ready & {
  busy: boolean;
  error: unknown;
  /** The order as the buyer saw it last; null before that. */
  before: Signal<Shown | null>;
  press: (pressed: Pressed) => void;
};

export const isUsable = ({ discount, expiresAt }: UserCoupon, total: number): boolean =>
  total >= (discount.minOrderAmount ?? 0) && (expiresAt === null || !isPast(expiresAt));

export function CheckoutForm({ articles, fromCart, coupons, balance, busy, error, before, press }: FormProps) {
  const total = priceOf(articles, null).total;
  const usable = coupons.filter((coupon) => isUsable(coupon, total));
  const best = usable.toSorted((a, b) => priceOf(articles, b.discount).discount - priceOf(articles, a.discount).discount)[0];
  /** Undefined: the buyer has not chosen, and gets the best. */
  const couponId = useSignal<string | null | undefined>(undefined);
  const method = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const coupon = couponId.value === undefined ? best : usable.find(({ id }) => id === couponId.value);
  const price = priceOf(articles, coupon?.discount ?? null);
  const short = method.value === "BALANCE" && balance < price.toPay;
  const blocked = articles.some((article) => lackOf(article) !== null);
  const shown = shownOf(articles, coupon);
  if (before.peek() === null) before.value = shown;

  return (
    <form
      class="with-aside"
      onSubmit={(event) => {
        event.preventDefault();
        if (busy || short || blocked) return;
        before.value = shown;
        press({ coupon, card: method.value === "CARD" ? outcome.value : null, shown });
      }}
    >
      <div class="stack">
        <CouponChoice
          coupons={coupons}
          usable={usable}
          chosen={coupon}
          lines={articles}
          disabled={busy}
          choose={(id) => {
            couponId.value = id;
            before.value = null;
          }}
        />
        <PayWith method={method} outcome={outcome} balance={balance} toPay={price.toPay} cards={facts.value?.cards ?? "gateway"} fixed={busy} />
      </div>
      <aside class="sum">
        <PriceTable price={price} />
        {error !== undefined && <Failure error={error} />}
        {!busy && before.value && <OrderChanges before={before.value} after={shown} />}
        {blocked && !busy && (
          <Notice kind="warn">
            {t.value.cartBlocked}{" "}
            <a href={fromCart ? to("/cart") : to(`/products/${articles[0]?.productId}`)}>{fromCart ? t.value.seeCart : t.value.seeProduct}</a>
          </Notice>
        )}
        <button type="submit" class="button primary wide" disabled={!busy && (short || blocked)} aria-disabled={busy}>
          {busy && <Spinner />}
          {busy ? t.value.paying : t.value.pay(price.toPay)}
        </button>
      </aside>
    </form>
  );
}

function PriceTable({ price }: { price: Price<Article> }) {
  return (
    <table class="price">
      <caption>{t.value.priceTable}</caption>
      <tbody>
        {price.lines.map(({ variantId, name, unitPrice, quantity, amount, ...article }) => (
          <tr key={variantId}>
            <th scope="row">
              <bdi class="clamp">{name}</bdi>
              {article.status !== "NOT_FOR_SALE" && (
                <span class="muted number">
                  <Money amount={unitPrice} /> × {formatNumber(quantity)}
                </span>
              )}
              <span class="row-warning">{lackOf({ quantity, ...article })}</span>
            </th>
            <td>{article.status !== "NOT_FOR_SALE" && <Money amount={amount} />}</td>
          </tr>
        ))}
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

/** Why an article can't be ordered as it stands, in words. */
function lackOf({ status, stock, quantity }: Pick<Article, "status" | "stock" | "quantity">): string | null {
  if (status === "NOT_FOR_SALE") return t.value.notForSale;
  if (status === "SOLD_OUT" || stock === 0) return t.value.soldOut;
  return quantity > stock ? t.value.shortOf(stock) : null;
}
