import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { formatMoney } from "../../shared/languages.ts";
import { isRefusal, type Product as ProductOfShop, type Variant } from "#client";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { cartChanged } from "../cart.ts";
import { Art } from "../parts/art.tsx";
import { Empty, Failure, Notice, Skeleton, Spinner, Stepper, Stock, Title } from "../parts/parts.tsx";
import { useResource } from "../../shared/resource.ts";
import { go, subject, to } from "../../shared/router.ts";
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
        <Empty icon="search" hint={t.value.notHereHint}>
          <a class="button" href={to("/")}>
            {t.value.toHome}
          </a>
        </Empty>
      </>
    );
  if (!product.data) return product.error === undefined ? <Waiting /> : <Failure error={product.error} retry={() => void product.reload()} />;
  return <Detail product={product.data} reload={product.reload} />;
}

/** As large as what is to come. */
function Waiting() {
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
  const variant = variants.find((one) => one.id === chosen.value);
  const stock = variant?.stock ?? 0;
  const justGone = useJustGone(variant);
  const many = Math.min(quantity.value, Math.max(1, stock));
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
        <p class="detail-price number">{priceOf(product, variant)}</p>
        {description && (
          <p class="description">
            <bdi>{description}</bdi>
          </p>
        )}
        <Options variants={variants} chosen={variant} choose={(one) => (chosen.value = one.id)} />
        <div class="detail-row">
          <Stepper label={t.value.quantity} value={many} most={stock} set={(value) => (quantity.value = value)} disabled={!buyable} />
          <p class="live" role="status" aria-label={t.value.liveStock}>
            <Stock stock={stock} status={variant?.status ?? product.status} />
          </p>
        </div>
        {justGone && (
          <Notice kind="bad">
            <p>
              <strong>{t.value.justSoldOut}</strong> {t.value.soldOutHint}
            </p>
          </Notice>
        )}
        <Buy productId={id} variantId={variant?.id} quantity={many} buyable={buyable} reload={reload} />
      </div>
    </article>
  );
}

/** In words; nothing while it is not for sale, when the shop shows no price. */
function priceOf(product: ProductOfShop, variant: Variant | undefined): string | null {
  const { price } = variant ?? product;
  if (price === null) return null;
  return variant ? formatMoney(price) : t.value.from(formatMoney(price));
}

/** Whether what one was looking at has sold out meanwhile. */
function useJustGone(variant: Variant | undefined): boolean {
  const seen = useRef<{ id: string; had: boolean }>(undefined);
  const gone = useSignal(false);
  useEffect(() => {
    if (variant === undefined) return;
    if (seen.current?.id !== variant.id) seen.current = { id: variant.id, had: false };
    gone.value = seen.current.had && variant.stock === 0;
    if (variant.stock > 0) seen.current.had = true;
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
  const added = useSignal(false);
  const add = useAttempt(async ({ key, userId, shop }, article: { productId: string; variantId: string; quantity: number }) => {
    added.value = false;
    try {
      await shop.addToCart({ path: { userId }, body: article, idempotencyKey: key });
      added.value = true;
      cartChanged();
    } finally {
      await reload();
    }
  });
  const buy = { product: productId, variant: variantId, quantity: String(quantity) };
  const here = `/products/${productId}`;
  const signedIn = session.value !== null;
  return (
    <>
      <div class="buy">
        <button
          type="button"
          class="button"
          disabled={!buyable}
          aria-disabled={add.busy}
          onClick={() => (signedIn ? void add.run({ productId, variantId: variantId ?? "", quantity }) : go(to("/sign-in", { next: here })))}
        >
          {add.busy && <Spinner />}
          {t.value.addToCart}
        </button>
        <button
          type="button"
          class="button primary"
          disabled={!buyable}
          onClick={() => go(signedIn ? to("/checkout", buy) : to("/sign-in", { next: to("/checkout", buy).slice(1) }))}
        >
          {t.value.buyNow}
        </button>
      </div>
      {added.value && (
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

/** One choice for each kind of option; where variants have none, one between the variants by name. */
function Options({ variants, chosen, choose }: { variants: readonly Variant[]; chosen: Variant | undefined; choose: (variant: Variant) => void }) {
  if (variants.length < 2) return null;
  const kinds = [...new Set(variants.flatMap(({ options }) => Object.keys(options)))];
  if (kinds.length === 0)
    return (
      <Choice
        name={t.value.options}
        choices={variants.map((variant) => ({
          value: variant.name,
          chosen: variant === chosen,
          gone: variant.stock === 0,
          choose: () => choose(variant),
        }))}
      />
    );
  return (
    <>
      {kinds.map((kind) => {
        const values = [...new Set(variants.map(({ options }) => options[kind] ?? ""))].filter((value) => value !== "");
        return (
          <Choice
            key={kind}
            name={nameOf(kind)}
            choices={values.map((value) => {
              const best = closest(variants, { ...chosen?.options, [kind]: value }, kind);
              return {
                value,
                chosen: chosen?.options[kind] === value,
                gone: best === undefined || best.stock === 0,
                choose: () => best && choose(best),
              };
            })}
          />
        );
      })}
    </>
  );
}

/** The variant with this value of this kind that otherwise has most of what was wanted. */
function closest(variants: readonly Variant[], wanted: Record<string, string>, kind: string): Variant | undefined {
  const alike = ({ options }: Variant): number => Object.entries(wanted).filter(([key, value]) => options[key] === value).length;
  return variants.filter(({ options }) => options[kind] === wanted[kind]).toSorted((a, b) => alike(b) - alike(a))[0];
}

/** The two kinds that everybody has, in the visitor's language; any other as the shop calls it. */
function nameOf(kind: string): string {
  const known: Record<string, string> = { color: t.value.color, size: t.value.size };
  return Object.hasOwn(known, kind.toLowerCase()) ? (known[kind.toLowerCase()] as string) : kind;
}

type Choices = { value: string; chosen: boolean; gone: boolean; choose: () => unknown }[];

function Choice({ name, choices }: { name: string; choices: Choices }) {
  return (
    <fieldset class="choice">
      <legend>
        <bdi>{name}</bdi>
      </legend>
      <div class="choice-row">
        {choices.map(({ value, chosen, gone, choose }) => (
          <label key={value} class={gone ? "gone" : ""}>
            <input type="radio" name={`choice-${name}`} checked={chosen} onChange={choose} />
            <span>
              <bdi>{value}</bdi>
              {gone && <span class="visually-hidden"> ({t.value.soldOut})</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
