import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isUndecided } from "#client";
import { redirect, route, to } from "../router.ts";
import { settleAll } from "../../shared/settle-all.ts";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { cartChanged } from "../cart.ts";
import { addressBody } from "../parts/address-form.tsx";
import { type CheckoutData, CheckoutForm, type Submission } from "../parts/checkout-form.tsx";
import { withHeldUnits } from "../parts/drop/held-units.ts";
import { forgetDrop } from "../parts/drop/remembered.ts";
import type { CheckoutItem, ShownOrder } from "../parts/order-changes.tsx";
import { removeOrderedItems } from "../parts/ordered-cart.ts";
import { Empty, Failure, Skeleton, Title } from "../parts/parts.tsx";
import { opensWindow, payAtGateway } from "../parts/pay-with.tsx";
import { type OrderRequest, UndecidedOrder } from "../parts/undecided-order.tsx";
import { couponsOf, useUserResource } from "../parts/user-resource.ts";
import { t } from "../words/words.ts";

/** "Buy now" of one variant; without a product the checkout is for the cart. */
type DirectPurchase = { product: string | null; variant: string | null; quantity: number };

export function Checkout() {
  const { query } = route.value;
  const purchase = { product: query.get("product"), variant: query.get("variant"), quantity: Number(query.get("quantity")) };
  const name = `checkout ${purchase.product} ${purchase.variant} ${purchase.quantity}`;
  return <CheckoutOf key={name} name={name} purchase={purchase} />;
}

function CheckoutOf({ name, purchase }: { name: string; purchase: DirectPurchase }) {
  const data = useUserResource(name, (userId, signal) => readCheckout(purchase, userId, signal), { everyMs: 5000, uncached: true });
  const order = useAttempt(async (context, { body, cartItems, card, shown, dropIds }: OrderRequest) => {
    try {
      const placed = (await context.shop.placeOrder({ body, idempotencyKey: context.key })).body;
      // The held units are in the order now: no strip asks for their payment again.
      for (const dropId of dropIds) forgetDrop(context.userId, dropId);
      // The order is placed. Its page reports the outcome of its payment.
      const emptyCart = async (): Promise<unknown> => cartItems.length > 0 && removeOrderedItems(context, cartItems);
      // The gateway's window ends this page, so the cart is emptied before.
      if (card !== null && opensWindow(card)) await emptyCart();
      const [result] = await settleAll([card === null ? "placed" : payAtGateway(context, placed, shown.toPay, card), emptyCart()]);
      cartChanged();
      if (result !== "window" && context.isCurrentUser()) redirect(to(`/orders/${placed.orderId}`, { result }));
    } catch (error) {
      const reloaded = data.reload();
      // The button shows the new amount before it can be pressed again.
      if (!isUndecided(error)) await reloaded;
      throw error;
    }
  }, name);
  const before = useSignal<ShownOrder | null>(order.undecided?.args[0].shown ?? null);

  // During the order the cart can be empty already, so the page keeps the items from before.
  const latest = useRef(data.data);
  if (!order.busy) latest.current = data.data;
  const shown = latest.current;
  if (order.undecided)
    return (
      <>
        <Title>{t.value.checkout}</Title>
        <UndecidedOrder order={order} undecided={order.undecided} read={(userId, signal) => readCheckout(purchase, userId, signal)} />
      </>
    );
  return (
    <>
      <Title>{t.value.checkout}</Title>
      {!shown && (data.error === undefined ? <Skeleton lines={5} /> : <Failure error={data.error} retry={() => void data.reload()} />)}
      {shown?.items.length === 0 && (
        <Empty icon="cart" title={t.value.nothingToOrder}>
          <a class="button" href={to("/")}>
            {t.value.browse}
          </a>
        </Empty>
      )}
      {shown && shown.items.length > 0 && (
        <CheckoutForm
          {...shown}
          busy={order.busy}
          error={order.error}
          before={before}
          submit={(submission) => void order.run(requestOf(submission, shown))}
        />
      )}
    </>
  );
}

function requestOf({ coupon, card, address, shown }: Submission, { items, fromCart }: CheckoutData): OrderRequest {
  const body = {
    orderItems: items.map(({ productId, variantId, quantity }) => ({ productId, variantId, quantity })),
    payment: { method: card === null ? ("BALANCE" as const) : ("DEFERRED" as const) },
    ...(coupon ? { userCouponId: coupon.id } : {}),
    expectedAmount: shown.toPay,
    ...(address ? { shippingAddress: addressBody(address) } : {}),
  };
  const cartItems = fromCart ? items.flatMap(({ cartItemId: id, quantity }) => (id === null ? [] : [{ id, quantity }])) : [];
  return { body, cartItems, card, shown, dropIds: items.flatMap(({ dropId }) => dropId ?? []) };
}

async function readCheckout({ product, variant, quantity }: DirectPurchase, userId: string, signal: AbortSignal): Promise<CheckoutData> {
  const [items, coupons, balance] = await Promise.all([
    product === null ? cartItems(userId, signal) : singleItem(product, variant, quantity, signal),
    couponsOf(userId, "AVAILABLE", signal),
    shop.getBalance({ path: { userId }, signal }),
  ]);
  return { items: await withHeldUnits(items, signal), fromCart: product === null, coupons, balance: balance.body.balance };
}

async function cartItems(userId: string, signal: AbortSignal): Promise<CheckoutItem[]> {
  const { body } = await shop.getCart({ path: { userId }, signal });
  return body.cartItems.map(({ id, productId, variantId, name, unitPrice, quantity, stock, status, imageUrl, dropId }) => ({
    cartItemId: id,
    productId,
    variantId,
    name,
    unitPrice: unitPrice ?? 0, // Null means not for sale, and then the order is blocked.
    quantity,
    stock,
    status,
    imageUrl,
    dropId,
  }));
}

/** The item of a direct purchase; empty if the address does not name a variant and a quantity. */
async function singleItem(productId: string, variantId: string | null, quantity: number, signal: AbortSignal): Promise<CheckoutItem[]> {
  const { body: product } = await shop.getProduct({ path: { productId }, signal });
  const variant = product.variants.find(({ id }) => id === variantId);
  if (!variant || !Number.isInteger(quantity) || quantity < 1) return [];
  const name = product.variants.length === 1 ? product.name : `${product.name} ${Object.values(variant.options).join(" / ") || variant.name}`;
  const { id, price, stock, status } = variant;
  const imageUrl = variant.imageUrl ?? product.images[0]?.url ?? null;
  return [{ cartItemId: null, productId, variantId: id, name, unitPrice: price ?? 0, quantity, stock, status, imageUrl, dropId: product.dropId }];
}
