// Options, quantity and the buttons of a product. On a phone, options are chosen in a sheet that the buttons open.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isRefusal, type Product, type Variant } from "#client";
import { formatMoney } from "../../shared/languages.ts";
import { navigate, to } from "../router.ts";
import { useAttempt } from "../attempt.ts";
import { cartChanged } from "../cart.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";
import { BottomBar } from "./bottom-bar.tsx";
import { Failure, Notice, Reason, Spinner, Stepper, Stock } from "./parts.tsx";
import { Restock } from "./restock.tsx";
import type { Selection } from "./selection.ts";
import { Sheet } from "./sheet.tsx";
import { toast } from "./toasts.tsx";
import { focusMissing, VariantOptions } from "./variant-options.tsx";
import { isWide } from "./viewport.ts";
import type { Watched } from "./watched.ts";
import { localName } from "../names.ts";

type BuyProps = { product: Product; selection: Selection; reload: () => Promise<void> };

/** A product in a drop is sold by the drop's rules, so its button leads there. */
export function Buy(props: BuyProps) {
  return props.product.dropId === null ? <BuyFreely {...props} /> : <InDrop dropId={props.product.dropId} />;
}

function InDrop({ dropId }: { dropId: string }) {
  return (
    <>
      <p class="muted">{t.value.dropOnProduct}</p>
      <BottomBar>
        <a class="button primary wide" href={to(`/drops/${dropId}`)}>
          {t.value.toDrop}
        </a>
      </BottomBar>
    </>
  );
}

function BuyFreely({ product, selection, reload }: BuyProps) {
  const sheet = useRef<HTMLDialogElement>(null);
  const isAsked = useSignal(false);
  const { add, toCheckout } = usePurchase(product, reload, () => sheet.current?.close());
  const { variant, quantity } = selection;
  const inSheet = !isWide.value && product.variants.length > 1;
  const { status } = variant ?? product;
  const sellable = status === "ON_SALE" && (variant ?? product).stock > 0;

  const isGone = status === "SOLD_OUT";
  const watched = watchedOf(product, variant);

  /** Runs the action if the choice is complete, else asks for it. */
  const whenChosen = (act: (variantId: string) => void) => (): void => {
    if (variant) return act(variant.id);
    isAsked.value = true;
    if (inSheet && !sheet.current?.open) return sheet.current?.showModal();
    focusMissing();
  };
  const buttons = (
    <div class="buy">
      <button
        type="button"
        class="button"
        disabled={!sellable}
        aria-disabled={add.busy}
        onClick={whenChosen((variantId) => void add.run({ productId: product.id, variantId, quantity }))}
      >
        {add.busy && <Spinner />}
        {t.value.addToCart}
      </button>
      <button type="button" class="button primary" disabled={!sellable} onClick={whenChosen((variantId) => toCheckout(variantId, quantity))}>
        {sellable ? t.value.buyNow : t.value[status === "NOT_FOR_SALE" ? "notForSale" : "soldOut"]}
      </button>
    </div>
  );
  if (!inSheet)
    return (
      <>
        <VariantOptions selection={selection} isAsked={isAsked.value} />
        {isGone ? <Restock item={watched} /> : (variant || isWide.value) && <Quantity product={product} selection={selection} />}
        <BottomBar>{buttons}</BottomBar>
      </>
    );
  return (
    <>
      {product.status === "SOLD_OUT" && <Restock item={watched} />}
      <BottomBar>
        <button
          type="button"
          class="button primary wide"
          disabled={product.status !== "ON_SALE"}
          onClick={() => {
            add.clearError();
            sheet.current?.showModal();
          }}
        >
          {product.status === "ON_SALE" ? t.value.chooseAndBuy : t.value[product.status === "SOLD_OUT" ? "soldOut" : "notForSale"]}
        </button>
      </BottomBar>
      <Sheet
        sheet={sheet}
        title={<bdi>{localName(product.name)}</bdi>}
        onClose={() => (isAsked.value = false)}
        foot={
          <>
            {add.error !== undefined && <AddFailure error={add.error} />}
            {buttons}
          </>
        }
      >
        <VariantOptions selection={selection} isAsked={isAsked.value} />
        {isGone ? <Restock item={watched} /> : <Quantity product={product} selection={selection} />}
      </Sheet>
    </>
  );
}

/** The whole product until a variant is chosen, and if all of it is sold out. */
function watchedOf({ id, name, status }: Product, variant: Variant | undefined): Watched {
  const isWhole = variant === undefined || status === "SOLD_OUT";
  return { kind: "products", id, variantId: isWhole ? null : variant.id, name };
}

function usePurchase({ id: productId }: Product, reload: () => Promise<void>, added: () => void) {
  const add = useAttempt(async ({ key, userId, shop }, item: { productId: string; variantId: string; quantity: number }) => {
    try {
      await shop.addToCart({ path: { userId }, body: item, idempotencyKey: key });
      added();
      toast("good", <Added words={t.value.added} />);
      cartChanged();
    } catch (error) {
      toast("bad", isRefusal(error, "CART_ITEM_DUPLICATE") ? <Added words={t.value.alreadyInCart} /> : <Reason error={error} />);
      throw error;
    } finally {
      await reload();
    }
  });
  const toCheckout = (variantId: string, quantity: number): void => {
    const buy = { product: productId, variant: variantId, quantity: String(quantity) };
    navigate(session.value ? to("/checkout", buy) : to("/sign-in", { next: `/checkout?${new URLSearchParams(buy)}` }));
  };
  const run: typeof add.run = async (item) => (session.value ? add.run(item) : navigate(to("/sign-in", { next: `/products/${productId}` })));
  return { add: { ...add, run }, toCheckout };
}

function Added({ words }: { words: string }) {
  return (
    <p>
      {words} <a href={to("/cart")}>{t.value.seeCart}</a>
    </p>
  );
}

/** Within the sheet, which covers the messages of the page. */
function AddFailure({ error }: { error: unknown }) {
  if (!isRefusal(error, "CART_ITEM_DUPLICATE")) return <Failure error={error} />;
  return (
    <Notice kind="warn">
      <Added words={t.value.alreadyInCart} />
    </Notice>
  );
}

function Quantity({ product, selection: { variant, quantity, setQuantity } }: { product: Product; selection: Selection }) {
  const stock = variant?.stock ?? 0;
  return (
    <div class="detail-row">
      <Stepper label={t.value.quantity} value={quantity} max={stock} set={setQuantity} disabled={!variant || stock === 0} />
      {product.variants.length > 1 && variant && <Stock stock={stock} status={variant.status} />}
      {variant?.price !== undefined && variant.price !== null && (
        <p class="quantity-total number">
          <span class="muted">{t.value.totalAmount}</span> {formatMoney(variant.price * quantity)}
        </p>
      )}
    </div>
  );
}
