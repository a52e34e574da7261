import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { language } from "../../shared/languages.ts";
import { isRefusal, type Product as ProductOfShop, type Variant } from "#client";
import { shop } from "../api.ts";
import { Gallery } from "../parts/gallery.tsx";
import { Buy } from "../parts/buy.tsx";
import { DetailSkeleton, Empty, Failure, Notice, Stock, Title } from "../parts/parts.tsx";
import { priceText } from "../parts/price-text.ts";
import { useSelection } from "../parts/selection.ts";
import { useResource } from "../../shared/resource.ts";
import { subject, to } from "../router.ts";
import { t } from "../words/words.ts";
import { localName } from "../names.ts";

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
  if (!product.data) return product.error === undefined ? <DetailSkeleton /> : <Failure error={product.error} retry={() => void product.reload()} />;
  return <Detail product={product.data} reload={product.reload} />;
}

function Detail({ product, reload }: { product: ProductOfShop; reload: () => Promise<void> }) {
  const { name, description, variants } = product;
  const selection = useSelection(variants);
  const { variant } = selection;
  const soldOutNow = useSoldOutNow(variant ?? product);
  useEffect(() => {
    subject.value = localName(name);
  }, [name, language.value]);
  return (
    <article class="detail">
      <div class={`detail-art ${product.status === "SOLD_OUT" ? "sold-out" : ""}`}>
        <Gallery product={product} variant={variant} />
        {product.status === "SOLD_OUT" && <span class="stamp">{t.value.soldOut}</span>}
      </div>
      <div class="detail-body">
        <Title>
          <bdi>{localName(name)}</bdi>
        </Title>
        <div class="detail-row">
          <p class="detail-price number">{priceText(product, variant)}</p>
          <p class="live" role="status" aria-label={t.value.liveStock}>
            {product.dropId === null || product.status !== "ON_SALE" ? (
              <Stock stock={(variant ?? product).stock} status={(variant ?? product).status} />
            ) : (
              <span class="pill few">{t.value.drop}</span>
            )}
          </p>
        </div>
        {description && (
          <p class="description">
            <bdi>{localName(description)}</bdi>
          </p>
        )}
        {soldOutNow && (
          <Notice kind="bad">
            <p>
              <strong>{t.value.justSoldOut}</strong> {t.value.soldOutHint}
            </p>
          </Notice>
        )}
        <Buy product={product} selection={selection} reload={reload} />
      </div>
    </article>
  );
}

/** Whether the variant, or the whole product before the choice, sold out while the visitor was looking at it. */
function useSoldOutNow({ id, stock }: Pick<Variant, "id" | "stock">): boolean {
  const lastSeen = useRef<{ id: string; inStock: boolean }>(undefined);
  const gone = useSignal(false);
  useEffect(() => {
    if (lastSeen.current?.id !== id) lastSeen.current = { id, inStock: false };
    gone.value = lastSeen.current.inStock && stock === 0;
    if (stock > 0) lastSeen.current.inStock = true;
  }, [id, stock]);
  return gone.value;
}
