import { useSignal } from "@preact/signals";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { cartChanged } from "../cart.ts";
import { Art } from "../parts/art.tsx";
import { withHeldUnits } from "../parts/drop/held-units.ts";
import { Icon } from "../parts/icon.tsx";
import { type Cart as CartOfShop, useUserResource } from "../parts/user-resource.ts";
import { Empty, Failure, Money, Notice, Skeleton, Stepper, Title } from "../parts/parts.tsx";
import { to } from "../router.ts";
import { t } from "../words/words.ts";
import { localName } from "../names.ts";

type Item = CartOfShop["cartItems"][number];

export function Cart() {
  const cart = useUserResource("cart", readCart, { everyMs: 4000 });
  const isRemoved = useSignal(false);
  const reload = async (): Promise<void> => {
    cartChanged();
    await cart.reload();
  };
  const blocked = cart.data?.cartItems.some((item) => !canBeOrdered(item)) ?? false;
  return (
    <>
      <Title>{t.value.cart}</Title>
      <p class="visually-hidden" role="status">
        {isRemoved.value ? t.value.removed : ""}
      </p>
      {!cart.data && (cart.error === undefined ? <Skeleton lines={4} /> : <Failure error={cart.error} retry={() => void cart.reload()} />)}
      {cart.data?.cartItems.length === 0 && (
        <Empty icon="cart" title={t.value.cartEmpty} hint={t.value.cartEmptyHint}>
          <a class="button" href={to("/")}>
            {t.value.browse}
          </a>
        </Empty>
      )}
      {cart.data && cart.data.cartItems.length > 0 && (
        <div class="with-aside">
          <ul class="rows">
            {cart.data.cartItems.map((item) => (
              <CartRow key={item.id} item={item} changed={reload} removed={() => (isRemoved.value = true)} />
            ))}
          </ul>
          <aside class="sum">
            <dl>
              <div>
                <dt>{t.value.total}</dt>
                <dd>
                  <Money amount={cart.data.totalAmount} />
                </dd>
              </div>
            </dl>
            {blocked && <Notice kind="warn">{t.value.cartBlocked}</Notice>}
            {blocked ? (
              <button type="button" class="button primary wide" disabled>
                {t.value.toCheckout}
              </button>
            ) : (
              <a class="button primary wide" href={to("/checkout")}>
                {t.value.toCheckout}
              </a>
            )}
          </aside>
        </div>
      )}
    </>
  );
}

async function readCart(userId: string, signal: AbortSignal): Promise<CartOfShop> {
  const { body } = await shop.getCart({ path: { userId }, signal });
  return { ...body, cartItems: await withHeldUnits(body.cartItems, signal) };
}

const canBeOrdered = ({ status, stock, quantity }: Item): boolean => status === "ON_SALE" && quantity <= stock;

function CartRow({ item, changed, removed }: { item: Item; changed: () => Promise<void>; removed: () => void }) {
  const { id, productId, name, unitPrice, quantity, stock, status, imageUrl } = item;
  // The wanted quantity shows at once, until the shop has answered.
  const wanted = useSignal<number | null>(null);
  const set = useAttempt(async ({ key, userId, shop }, newQuantity: number) => {
    wanted.value = newQuantity;
    try {
      await shop.setCartQuantity({ path: { userId, id }, body: { quantity: newQuantity }, idempotencyKey: key });
    } finally {
      await changed();
      wanted.value = null;
    }
  });
  const remove = useAttempt(async ({ key, userId, shop }) => {
    await shop.removeFromCart({ path: { userId, id }, idempotencyKey: key });
    removed();
    await changed();
  });
  const shown = wanted.value ?? quantity;
  return (
    <li class="row">
      <a class="row-art" href={to(`/products/${productId}`)} tabIndex={-1} aria-hidden="true">
        <Art id={productId} name={name} image={imageUrl} />
      </a>
      <div class="row-body">
        <a class="row-name" href={to(`/products/${productId}`)}>
          <bdi>{localName(name)}</bdi>
        </a>
        {unitPrice !== null && <p class="muted number">{t.value.unit(unitPrice)}</p>}
        {status !== "ON_SALE" ? (
          <p class="row-warning">{status === "SOLD_OUT" ? t.value.soldOut : t.value.notForSale}</p>
        ) : (
          quantity > stock && <p class="row-warning">{t.value.shortOf(stock)}</p>
        )}
        <div class="row-foot">
          <Stepper
            label={t.value.quantityOf(localName(name))}
            value={shown}
            max={Math.max(stock, 1)}
            set={(newQuantity) => void set.run(newQuantity)}
            disabled={set.busy}
          />
          <button
            type="button"
            class="button small quiet icon-only"
            aria-label={t.value.removeNamed(localName(name))}
            aria-disabled={remove.busy}
            onClick={() => void remove.run()}
          >
            <Icon name="bin" />
          </button>
          <p class="row-amount">{unitPrice !== null && <Money amount={unitPrice * shown} />}</p>
        </div>
        {set.error !== undefined && <Failure error={set.error} />}
        {remove.error !== undefined && <Failure error={remove.error} />}
      </div>
    </li>
  );
}
