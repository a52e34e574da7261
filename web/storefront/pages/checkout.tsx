import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isRefusal, isUndecided, type PlaceOrderData } from "#client";
import { type Attempt, isRecent } from "../../shared/attempt.ts";
import { formatMoney } from "../../shared/languages.ts";
import { place, replace, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { cartChanged } from "../cart.ts";
import { now } from "../clock.ts";
import { CheckoutForm, isUsable, type Pressed, type Ready } from "../parts/checkout-form.tsx";
import { couponsOf, useMine } from "../parts/mine.ts";
import { type Article, type Shown, shownOf } from "../parts/order-changes.tsx";
import { takeOutOfCart } from "../parts/ordered-cart.ts";
import { Empty, Failure, Notice, Reason, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { payByCard, type SimulatedOutcome } from "../parts/pay-with.tsx";
import { priceOf } from "../price.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";

/** All that an order takes, kept as it was sent: asked again, it has to be the same. `card`: how the simulated card is to answer. */
type Wanted = { body: PlaceOrderData["body"]; cartItems: { id: string; quantity: number }[]; card: SimulatedOutcome | null; shown: Shown };

type Choice = { product: string | null; variant: string | null; quantity: number };

export function Checkout() {
  const { query } = place.value;
  const choice = { product: query.get("product"), variant: query.get("variant"), quantity: Number(query.get("quantity")) };
  const name = `checkout ${choice.product} ${choice.variant} ${choice.quantity}`;
  return <CheckoutOf key={name} name={name} choice={choice} />;
}

function CheckoutOf({ name, choice }: { name: string; choice: Choice }) {
  const ready = useMine(name, (userId, signal) => readReady(choice, userId, signal), { everyMs: 5000, anew: true });
  const order = useAttempt(async (mine, { body, cartItems, card, shown }: Wanted) => {
    try {
      const { orderId } = (await mine.shop.placeOrder({ body, idempotencyKey: mine.key })).body;
      // The order stands; how its payment goes is told on its own page.
      const [result] = await Promise.all([
        card === null ? "placed" : payByCard(mine, orderId, shown.toPay, card),
        cartItems.length > 0 && takeOutOfCart(mine, cartItems),
      ]);
      cartChanged();
      if (mine.here()) replace(to(`/orders/${orderId}`, { result }));
    } catch (error) {
      const read = ready.reload();
      // The next sum is on the button before it can be pressed again.
      if (!isUndecided(error)) await read;
      throw error;
    }
  }, name);
  const before = useSignal<Shown | null>(order.open?.given[0].shown ?? null);

  const press = ({ coupon, card, shown }: Pressed, { articles, fromCart }: Ready): void => {
    const body = {
      orderItems: articles.map(({ productId, variantId, quantity }) => ({ productId, variantId, quantity })),
      payment: { method: card === null ? ("BALANCE" as const) : ("DEFERRED" as const) },
      ...(coupon ? { userCouponId: coupon.id } : {}),
      expectedAmount: shown.toPay,
    };
    const cartItems = fromCart ? articles.flatMap(({ cartItemId: id, quantity }) => (id === null ? [] : [{ id, quantity }])) : [];
    void order.run({ body, cartItems, card, shown });
  };

  // While the order is on its way the cart may be empty already.
  const kept = useRef(ready.data);
  if (!order.busy) kept.current = ready.data;
  const seen = kept.current;
  return (
    <>
      <Title>{t.value.checkout}</Title>
      {order.open && <Unheard order={order} open={order.open} read={(userId, signal) => readReady(choice, userId, signal)} />}
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
      {!order.open && seen && seen.articles.length > 0 && (
        <CheckoutForm {...seen} busy={order.busy} error={order.error} before={before} press={(pressed) => press(pressed, seen)} />
      )}
    </>
  );
}

type UnheardProps = {
  order: Attempt<[Wanted]>;
  open: { given: [Wanted]; pressedAt: number };
  read: (userId: string, signal: AbortSignal) => Promise<Ready>;
};

/**
 * The page does not know what became of the order. There is one thing to do. It is done without a press only if the connection comes back soon after
 * the press and the order still comes to the same.
 */
function Unheard({ order, open, read }: UnheardProps) {
  const [wanted] = open.given;
  const differs = useSignal(false);
  useEffect(() => {
    const left = new AbortController();
    const back = async (): Promise<void> => {
      const userId = session.peek()?.userId;
      if (!isRecent(open.pressedAt) || userId === undefined) return;
      try {
        const { articles, coupons } = await read(userId, left.signal);
        const total = priceOf(articles, null).total;
        const coupon = coupons.find((one) => one.id === wanted.shown.coupon?.id && isUsable(one, total));
        differs.value = JSON.stringify(shownOf(articles, coupon)) !== JSON.stringify(wanted.shown);
        if (!differs.value && !left.signal.aborted) await order.goOn();
      } catch {
        // The page knows no more than before: the buyer is asked.
      }
    };
    const listener = (): void => void back();
    addEventListener("online", listener);
    return () => {
      left.abort();
      removeEventListener("online", listener);
    };
  }, [open.pressedAt]);
  void now.value;
  const words = differs.value ? t.value.changedMeanwhile : isRecent(open.pressedAt) ? null : t.value.pressedLongAgo;
  return (
    <div class="unheard stack">
      <Notice kind="warn">
        <p>{t.value.orderUnheard}</p>
        {words && !order.busy && <p>{words}</p>}
        {isRefusal(order.error) && <Reason error={order.error} />}
      </Notice>
      <button type="button" class="button primary wide" aria-disabled={order.busy} onClick={() => void order.again()}>
        {order.busy && <Spinner />}
        {order.busy ? t.value.paying : `${t.value.findOut} · ${formatMoney(wanted.shown.toPay)}`}
      </button>
      <a class="button quiet wide" href={to("/orders")}>
        {t.value.seeOrders}
      </a>
    </div>
  );
}

async function readReady({ product, variant, quantity }: Choice, userId: string, signal: AbortSignal): Promise<Ready> {
  const [articles, coupons, balance] = await Promise.all([
    product === null ? cartArticles(userId, signal) : oneArticle(product, variant, quantity, signal),
    couponsOf(userId, "AVAILABLE", signal),
    shop.getBalance({ path: { userId }, signal }),
  ]);
  return { articles, fromCart: product === null, coupons, balance: balance.body.balance };
}

async function cartArticles(userId: string, signal: AbortSignal): Promise<Article[]> {
  const { body } = await shop.getCart({ path: { userId }, signal });
  return body.cartItems.map(({ id, productId, variantId, name, unitPrice, quantity, stock, status }) => ({
    cartItemId: id,
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
  const { id, price, stock, status } = variant;
  return [{ cartItemId: null, productId, variantId: id, name, unitPrice: price ?? 0, quantity, stock, status }];
}
