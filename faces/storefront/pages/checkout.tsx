import { useSignal } from "@preact/signals";
import type { UserCoupon } from "#client";
import { facts, shop } from "../api.ts";
import { useAttempt } from "../../shared/attempt.ts";
import { cartChanged } from "../cart.ts";
import { discountWords } from "../parts/discount.ts";
import { couponsOf, useMine } from "../parts/mine.ts";
import { Empty, Failure, Money, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { type Method, PayWith, payByCard, type SimulatedOutcome } from "../parts/pay-with.tsx";
import { type Line, priceOf } from "../price.ts";
import { place, replace, to } from "../../shared/router.ts";
import { t } from "../words/words.ts";

type Article = Line & { productId: string; variantId: string };
type Ready = { articles: Article[]; fromCart: boolean; coupons: UserCoupon[]; balance: number };

export function Checkout() {
  const { query } = place.value;
  const [product, variant, quantity] = [query.get("product"), query.get("variant"), Number(query.get("quantity"))];
  const ready = useMine(`checkout ${product} ${variant} ${quantity}`, async (userId, signal): Promise<Ready> => {
    const [articles, coupons, balance] = await Promise.all([
      product === null ? cartArticles(userId, signal) : oneArticle(product, variant, quantity, signal),
      couponsOf(userId, "AVAILABLE", signal),
      shop.getBalance({ path: { userId }, signal }),
    ]);
    return { articles, fromCart: product === null, coupons, balance: balance.body.balance };
  });
  return (
    <>
      <Title>{t.value.checkout}</Title>
      {!ready.data && (ready.error === undefined ? <Skeleton lines={5} /> : <Failure error={ready.error} retry={() => void ready.reload()} />)}
      {ready.data?.articles.length === 0 && (
        <Empty icon="cart" title={t.value.nothingToBuy}>
          <a class="button" href={to("/")}>
            {t.value.toHome}
          </a>
        </Empty>
      )}
      {ready.data && ready.data.articles.length > 0 && <Form {...ready.data} />}
    </>
  );
}

function Form({ articles, fromCart, coupons, balance }: Ready) {
  const total = priceOf(articles, null).total;
  const usable = coupons.filter(({ discount }) => total >= (discount.minOrderAmount ?? 0));
  const best = usable.toSorted((a, b) => priceOf(articles, b.discount).discount - priceOf(articles, a.discount).discount)[0];
  const couponId = useSignal<string | null>(best?.id ?? null);
  const method = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const coupon = usable.find(({ id }) => id === couponId.value);
  const price = priceOf(articles, coupon?.discount ?? null);
  const short = method.value === "BALANCE" && balance < price.toPay;

  const order = useAttempt(async (key, chosen: { method: Method; outcome: SimulatedOutcome; coupon: string | null }) => {
    const payment = { method: chosen.method === "CARD" ? ("DEFERRED" as const) : ("BALANCE" as const) };
    const what = fromCart
      ? { fromCart: true as const }
      : { orderItems: articles.map(({ productId, variantId, quantity }) => ({ productId, variantId, quantity })) };
    const { body } = await shop.placeOrder({
      body: { ...what, payment, ...(chosen.coupon === null ? {} : { userCouponId: chosen.coupon }) },
      idempotencyKey: key,
    });
    cartChanged();
    // The order stands; how its payment goes is told on its own page.
    const result = chosen.method === "CARD" ? await payByCard(body.orderId, key, chosen.outcome) : "placed";
    replace(to(`/orders/${body.orderId}`, { result }));
  });

  return (
    <form
      class="with-aside"
      onSubmit={(event) => {
        event.preventDefault();
        void order.run({ method: method.value, outcome: outcome.value, coupon: couponId.value });
      }}
    >
      <div class="stack">
        <fieldset class="panel">
          <legend>{t.value.coupon}</legend>
          <label class="pick">
            <input type="radio" name="coupon" checked={coupon === undefined} onChange={() => (couponId.value = null)} />
            <span>{t.value.noCoupon}</span>
          </label>
          {coupons.map((one) => (
            <CouponChoice
              key={one.id}
              coupon={one}
              saves={priceOf(articles, one.discount).discount}
              usable={usable.includes(one)}
              chosen={one === coupon}
              choose={() => (couponId.value = one.id)}
            />
          ))}
        </fieldset>
        <PayWith method={method} outcome={outcome} balance={balance} toPay={price.toPay} cards={facts.value?.cards ?? "gateway"} />
      </div>
      <aside class="sum">
        <table class="price">
          <caption>{t.value.priceTable}</caption>
          <tbody>
            {price.lines.map(({ name, unitPrice, quantity, amount }, i) => (
              <tr key={i}>
                <th scope="row">
                  <bdi class="clamp">{name}</bdi>
                  <span class="muted">
                    <Money amount={unitPrice} /> × {quantity}
                  </span>
                </th>
                <td>
                  <Money amount={amount} />
                </td>
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
        {order.error !== undefined && <Failure error={order.error} />}
        <button type="submit" class="button primary wide" disabled={short || order.busy}>
          {order.busy && <Spinner />}
          {order.busy ? t.value.paying : t.value.pay(price.toPay)}
        </button>
      </aside>
    </form>
  );
}

function CouponChoice({
  coupon,
  saves,
  usable,
  chosen,
  choose,
}: {
  coupon: UserCoupon;
  saves: number;
  usable: boolean;
  chosen: boolean;
  choose: () => void;
}) {
  const { headline, conditions } = discountWords(coupon.discount);
  return (
    <label class={`pick ${usable ? "" : "unusable"}`}>
      <input type="radio" name="coupon" checked={chosen} disabled={!usable} onChange={choose} />
      <span class="pick-body">
        <strong>{headline}</strong> <bdi class="clamp">{coupon.name}</bdi>
        <span class="muted">{[...conditions, coupon.expiresAt ? t.value.until(coupon.expiresAt) : ""].filter(Boolean).join(" · ")}</span>
        {chosen && <span class="saves">{t.value.youSave(saves)}</span>}
      </span>
    </label>
  );
}

async function cartArticles(userId: string, signal: AbortSignal): Promise<Article[]> {
  const { body } = await shop.getCart({ path: { userId }, signal });
  return body.cartItems.map(({ productId, variantId, name, unitPrice, quantity }) => ({ productId, variantId, name, unitPrice, quantity }));
}

/** What was chosen on a product's page. Nothing where the address names nothing that there is. */
async function oneArticle(productId: string, variantId: string | null, quantity: number, signal: AbortSignal): Promise<Article[]> {
  const { body: product } = await shop.getProduct({ path: { productId }, signal });
  const variant = product.variants.find(({ id }) => id === variantId);
  if (!variant || !Number.isInteger(quantity) || quantity < 1) return [];
  const name = product.variants.length === 1 ? product.name : `${product.name} ${Object.values(variant.options).join(" ") || variant.name}`;
  return [{ productId, variantId: variant.id, name, unitPrice: variant.price, quantity }];
}
