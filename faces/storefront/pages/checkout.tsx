import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isRefusal, type PlaceOrderData, type UserCoupon, type Variant } from "#client";
import { formatNumber } from "../../shared/languages.ts";
import { facts, shop } from "../api.ts";
import { type Attempt, useAttempt } from "../../shared/attempt.ts";
import { cartChanged } from "../cart.ts";
import { isPast } from "../parts/countdown.tsx";
import { discountWords } from "../parts/discount.ts";
import { couponsOf, useMine } from "../parts/mine.ts";
import { Empty, Failure, Money, Notice, Reason, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { type Method, PayWith, payByCard, type SimulatedOutcome } from "../parts/pay-with.tsx";
import { type Line, priceOf } from "../price.ts";
import { place, replace, to } from "../../shared/router.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";

type Article = Line & { productId: string; variantId: string; stock: number; status: Variant["status"] };
type Ready = { articles: Article[]; fromCart: boolean; coupons: UserCoupon[]; balance: number };
/** All that an order takes, kept as it was sent: asked again, it has to be the same. `card`: how the simulated card is to answer. */
type Wanted = { body: PlaceOrderData["body"]; articles: string; card: SimulatedOutcome | null };

export function Checkout() {
  const { query } = place.value;
  const [product, variant, quantity] = [query.get("product"), query.get("variant"), Number(query.get("quantity"))];
  const name = `checkout ${product} ${variant} ${quantity}`;
  const ready = useMine(
    name,
    async (userId, signal): Promise<Ready> => {
      const [articles, coupons, balance] = await Promise.all([
        product === null ? cartArticles(userId, signal) : oneArticle(product, variant, quantity, signal),
        couponsOf(userId, "AVAILABLE", signal),
        shop.getBalance({ path: { userId }, signal }),
      ]);
      return { articles, fromCart: product === null, coupons, balance: balance.body.balance };
    },
    { everyMs: 5000, anew: true },
  );

  const order = useAttempt(async (key, { body, card }: Wanted) => {
    try {
      const { orderId } = (await shop.placeOrder({ body, idempotencyKey: key })).body;
      cartChanged();
      // The order stands; how its payment goes is told on its own page.
      const result = card === null ? "placed" : await payByCard(orderId, key, card);
      replace(to(`/orders/${orderId}`, { result }));
    } catch (error) {
      void ready.reload();
      throw error;
    }
  }, `${name} of ${session.value?.userId}`);

  // The order of a cart is the order of what was in it. Where something else is now, it went through, or it is not wanted any more.
  const articles = ready.data?.articles ?? [];
  const other = order.open !== null && !order.busy && product === null && articles.length > 0 && summaryOf(articles) !== order.open[0].articles;
  useEffect(() => {
    if (other) order.drop();
  }, [other]);

  // While the order is on its way the cart may be empty already.
  const shown = useRef(ready.data);
  if (!order.busy) shown.current = ready.data;
  const seen = shown.current;
  return (
    <>
      <Title>{t.value.checkout}</Title>
      {order.open && <Unheard order={order} ready={product !== null || ready.data !== undefined} />}
      {!order.open &&
        !seen &&
        (ready.error === undefined ? <Skeleton lines={5} /> : <Failure error={ready.error} retry={() => void ready.reload()} />)}
      {!order.open && seen?.articles.length === 0 && (
        <Empty icon="cart" title={t.value.nothingToBuy}>
          <a class="button" href={to("/")}>
            {t.value.toHome}
          </a>
        </Empty>
      )}
      {!order.open && seen && seen.articles.length > 0 && <Form {...seen} order={order} />}
    </>
  );
}

/** Nobody knows yet what became of the order. There is one thing to do, and it is done by itself as soon as the line is back. */
function Unheard({ order, ready }: { order: Attempt<[Wanted]>; ready: boolean }) {
  useEffect(() => {
    if (!ready) return undefined;
    const back = (): void => void order.again();
    addEventListener("online", back);
    return () => removeEventListener("online", back);
  });
  return (
    <div class="unheard stack">
      <Notice kind="warn">
        <p>{t.value.orderUnheard}</p>
        {isRefusal(order.error) && <Reason error={order.error} />}
      </Notice>
      <button type="button" class="button primary wide" disabled={order.busy || !ready} onClick={() => void order.again()}>
        {order.busy && <Spinner />}
        {order.busy ? t.value.paying : t.value.findOut}
      </button>
      <a class="button quiet wide" href={to("/orders")}>
        {t.value.seeOrders}
      </a>
    </div>
  );
}

function Form({ articles, fromCart, coupons, balance, order }: Ready & { order: Attempt<[Wanted]> }) {
  const total = priceOf(articles, null).total;
  const usable = coupons.filter(({ discount, expiresAt }) => total >= (discount.minOrderAmount ?? 0) && (expiresAt === null || !isPast(expiresAt)));
  const best = usable.toSorted((a, b) => priceOf(articles, b.discount).discount - priceOf(articles, a.discount).discount)[0];
  /** Undefined: the visitor has not chosen, and gets the best. */
  const couponId = useSignal<string | null | undefined>(undefined);
  const method = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const coupon = couponId.value === undefined ? best : usable.find(({ id }) => id === couponId.value);
  const price = priceOf(articles, coupon?.discount ?? null);
  const short = method.value === "BALANCE" && balance < price.toPay;
  const blocked = articles.some((article) => lackOf(article) !== null);

  const press = (): void => {
    const payment = { method: method.value === "CARD" ? ("DEFERRED" as const) : ("BALANCE" as const) };
    const what = fromCart
      ? { fromCart: true as const }
      : { orderItems: articles.map(({ productId, variantId, quantity }) => ({ productId, variantId, quantity })) };
    const body = { ...what, payment, ...(coupon ? { userCouponId: coupon.id } : {}) };
    void order.run({ body, articles: summaryOf(articles), card: method.value === "CARD" ? outcome.value : null });
  };

  return (
    <form
      class="with-aside"
      onSubmit={(event) => {
        event.preventDefault();
        press();
      }}
    >
      <div class="stack">
        <fieldset class="panel" disabled={order.busy}>
          <legend>{t.value.coupon}</legend>
          {coupons.length === 0 && (
            <p class="pick muted">
              <span>
                {t.value.noneToUse} <a href={to("/coupons")}>{t.value.getCoupons}</a>
              </span>
            </p>
          )}
          {coupons.length > 0 && (
            <label class="pick">
              <input type="radio" name="coupon" checked={coupon === undefined} onChange={() => (couponId.value = null)} />
              <span>{t.value.noCoupon}</span>
            </label>
          )}
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
        <PayWith method={method} outcome={outcome} balance={balance} toPay={price.toPay} cards={facts.value?.cards ?? "gateway"} fixed={order.busy} />
      </div>
      <aside class="sum">
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
        {order.error !== undefined && <Failure error={order.error} />}
        {blocked && !order.busy && (
          <Notice kind="warn">
            {t.value.cartBlocked}{" "}
            <a href={fromCart ? to("/cart") : to(`/products/${articles[0]?.productId}`)}>{fromCart ? t.value.seeCart : t.value.seeProduct}</a>
          </Notice>
        )}
        <button type="submit" class="button primary wide" disabled={short || blocked || order.busy}>
          {order.busy && <Spinner />}
          {order.busy ? t.value.paying : t.value.pay(price.toPay)}
        </button>
      </aside>
    </form>
  );
}

const summaryOf = (articles: readonly Article[]): string => articles.map(({ variantId, quantity }) => `${quantity} ${variantId}`).join();

/** Why an article can't be ordered as it stands, in words. */
function lackOf({ status, stock, quantity }: Pick<Article, "status" | "stock" | "quantity">): string | null {
  if (status === "NOT_FOR_SALE") return t.value.notForSale;
  if (status === "SOLD_OUT" || stock === 0) return t.value.soldOut;
  return quantity > stock ? t.value.shortOf(stock) : null;
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
  return body.cartItems.map(({ productId, variantId, name, unitPrice, quantity, stock, status }) => ({
    productId,
    variantId,
    name,
    unitPrice: unitPrice ?? 0, // Not for sale: the order is blocked.
    quantity,
    stock,
    status,
  }));
}

/** What was chosen on a product's page. Nothing where the address names nothing that there is. */
async function oneArticle(productId: string, variantId: string | null, quantity: number, signal: AbortSignal): Promise<Article[]> {
  const { body: product } = await shop.getProduct({ path: { productId }, signal });
  const variant = product.variants.find(({ id }) => id === variantId);
  if (!variant || !Number.isInteger(quantity) || quantity < 1) return [];
  const name = product.variants.length === 1 ? product.name : `${product.name} ${Object.values(variant.options).join(" ") || variant.name}`;
  return [{ productId, variantId: variant.id, name, unitPrice: variant.price ?? 0, quantity, stock: variant.stock, status: variant.status }];
}
