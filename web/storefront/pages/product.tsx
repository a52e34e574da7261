import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatMoney } from "../../shared/languages.ts";
import { isRefusal, type Product as ProductOfShop, type Variant } from "#client";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { cartChanged } from "../cart.ts";
import { Art } from "../parts/art.tsx";
import { Empty, Failure, Notice, Skeleton, Spinner, Stepper, Stock, Title } from "../parts/parts.tsx";
import { VariantOptions } from "../parts/variant-options.tsx";
import { useResource } from "../../shared/resource.ts";
import { navigate, subject, to } from "../../shared/router.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";

export function Product({ id }: { id: string }) {
  const product = useResource(`product ${id}`, async (signal) => (await shop.getProduct({ path: { productId: id }, signal })).body, {
    everyMs: 2000,
  });
  if (isRefusal(product.error, "PRODUCT_NOT_FOUND", "INVALID_PRODUCT_ID"))
    return (
      <>
        <Title>{product.error.message}</Title>
        <Empty icon="search" hint={t.value.notFoundHint}>
          <a class="button" href={to("/")}>
            {t.value.browse}
          </a>
        </Empty>
      </>
    );
  if (!product.data) return product.error === undefined ? <Loading /> : <Failure error={product.error} retry={() => void product.reload()} />;
  return <Detail product={product.data} reload={product.reload} />;
}

/** As large as the product will be. */
function Loading() {
  return (
    <div class="detail">
      <div class="bone tall" />
      <Skeleton lines={5} />
    </div>
  );
}

function Detail({ product, reload }: { product: ProductOfShop; reload: () => Promise<void> }) {
  const { id, name, description, variants } = product;
  const chosen = useSignal<string | null>(variants.length === 1 ? (variants[0]?.id ?? null) : (variants.find(({ stock }) => stock > 0)?.id ?? null));
  const quantity = useSignal(1);
  const variant = variants.find((candidate) => candidate.id === chosen.value);
  const stock = variant?.stock ?? 0;
  const soldOutNow = useSoldOutNow(variant);
  const shownQuantity = Math.min(quantity.value, Math.max(1, stock));
  useEffect(() => {
    subject.value = name;
  }, [name]);
  const buyable = variant !== undefined && variant.status === "ON_SALE" && stock > 0;

  return (
    <article class="detail">
      <div class={`detail-art ${product.status === "SOLD_OUT" ? "sold-out" : ""}`}>
        <Art id={id} name={name} />
        {product.status === "SOLD_OUT" && <span class="stamp">{t.value.soldOut}</span>}
      </div>
      <div class="detail-body">
        <Title>
          <bdi>{name}</bdi>
        </Title>
        <p class="detail-price number">{priceText(product, variant)}</p>
        {description && (
          <p class="description">
            <bdi>{description}</bdi>
          </p>
        )}
        <VariantOptions variants={variants} chosen={variant} choose={({ id }) => (chosen.value = id)} />
        <div class="detail-row">
          <Stepper label={t.value.quantity} value={shownQuantity} max={stock} set={(value) => (quantity.value = value)} disabled={!buyable} />
          <p class="live" role="status" aria-label={t.value.liveStock}>
            <Stock stock={stock} status={variant?.status ?? product.status} />
          </p>
        </div>
        {soldOutNow && (
          <Notice kind="bad">
            <p>
              <strong>{t.value.justSoldOut}</strong> {t.value.soldOutHint}
            </p>
          </Notice>
        )}
        <Buy productId={id} variantId={variant?.id} quantity={shownQuantity} buyable={buyable} reload={reload} />
      </div>
    </article>
  );
}

/** Null while the product is not for sale: the shop does not tell its price then. */
function priceText(product: ProductOfShop, variant: Variant | undefined): string | null {
  const { price } = variant ?? product;
  if (price === null) return null;
  return variant ? formatMoney(price) : t.value.from(formatMoney(price));
}

/** Whether the variant sold out while the visitor was looking at it. */
function useSoldOutNow(variant: Variant | undefined): boolean {
  const lastSeen = useRef<{ id: string; inStock: boolean }>(undefined);
  const gone = useSignal(false);
  useEffect(() => {
    if (variant === undefined) return;
    if (lastSeen.current?.id !== variant.id) lastSeen.current = { id: variant.id, inStock: false };
    gone.value = lastSeen.current.inStock && variant.stock === 0;
    if (variant.stock > 0) lastSeen.current.inStock = true;
  }, [variant?.id, variant?.stock]);
  return gone.value;
}

function Buy({
  productId,
  variantId,
  quantity,
  buyable,
  reload,
}: {
  productId: string;
  variantId: string | undefined;
  quantity: number;
  buyable: boolean;
  reload: () => Promise<void>;
}) {
  const isAdded = useSignal(false);
  const add = useAttempt(async ({ key, userId, shop }, item: { productId: string; variantId: string; quantity: number }) => {
    isAdded.value = false;
    try {
      await shop.addToCart({ path: { userId }, body: item, idempotencyKey: key });
      isAdded.value = true;
      cartChanged();
    } finally {
      await reload();
    }
  });
  const buy = { product: productId, variant: variantId, quantity: String(quantity) };
  const path = `/products/${productId}`;
  const signedIn = session.value !== null;
  return (
    <>
      <div class="buy">
        <button
          type="button"
          class="button"
          disabled={!buyable}
          aria-disabled={add.busy}
          onClick={() => (signedIn ? void add.run({ productId, variantId: variantId ?? "", quantity }) : navigate(to("/sign-in", { next: path })))}
        >
          {add.busy && <Spinner />}
          {t.value.addToCart}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={!buyable}
          onClick={() => navigate(signedIn ? to("/checkout", buy) : to("/sign-in", { next: to("/checkout", buy).slice(1) }))}
        >
          {t.value.buyNow}
        </button>
      </div>
      {isAdded.value && (
        <Notice kind="good">
          {t.value.added} <a href={to("/cart")}>{t.value.seeCart}</a>
        </Notice>
      )}
      {isRefusal(add.error, "CART_ITEM_DUPLICATE") ? (
        <Notice kind="warn">
          {t.value.alreadyInCart} <a href={to("/cart")}>{t.value.seeCart}</a>
        </Notice>
      ) : (
        add.error !== undefined && <Failure error={add.error} />
      )}
    </>
  );
}
