// The picture of a product that an order or a drop names. Neither carries it, so the page reads each product once per visit.

import { signal, type ReadonlySignal } from "@preact/signals";
import { createShop, type Product } from "#client";
import { Art } from "./art.tsx";

type Pictures = Pick<Product, "images" | "variants">;

/** Asks once: a picture is not worth the retries of a busy shop. */
const shop = createShop({ url: "", tries: 1 });
const NONE: Pictures = { images: [], variants: [] };
/** Undefined while a product is read. */
const known = new Map<string, ReadonlySignal<Pictures | undefined>>();

type ProductArtProps = { id: string; name: string; variantId?: string };

/** The variant's own picture, else the product's first. While the product is read, the place stays empty. */
export function ProductArt({ id, name, variantId }: ProductArtProps) {
  const pictures = picturesOf(id).value;
  if (pictures === undefined) return <span class="art photo" />;
  const own = pictures.variants.find((variant) => variant.id === variantId)?.imageUrl;
  return <Art id={id} name={name} image={own ?? pictures.images[0]?.url ?? null} />;
}

function picturesOf(id: string): ReadonlySignal<Pictures | undefined> {
  const before = known.get(id);
  if (before !== undefined) return before;
  const read = signal<Pictures | undefined>(undefined);
  known.set(id, read);
  void shop.getProduct({ path: { productId: id } }).then(
    ({ body }) => (read.value = body),
    // A product that cannot be read has the generated picture, until the next visit.
    () => (read.value = NONE),
  );
  return read;
}
