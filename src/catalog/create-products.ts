import { command } from "../till/command.ts";
import type { Product, SaleStatus, Variant } from "./catalog.ts";
import { products, stockAdjustments, variants } from "./catalog.sql.ts";
import { lowestPrice, type ProductView, productView } from "./product-view.ts";

export type NewVariant = { sku?: string; name?: string; options?: Record<string, string>; price: number; stock: number };
/** `rehearsalId`: whose copies they are. */
export type CreateProducts = { products: NewProduct[]; rehearsalId?: string };
export type NewProduct = { name: string; description?: string; status?: SaleStatus; variants: NewVariant[] };

/** New products with their variants, in the order given; each variant's first stock is journalled like every later change of it. */
export const createProducts = command<CreateProducts, ProductView[]>({
  name: "create products",
  needs: () => [],

  decide(shop, input) {
    return input.products.map(({ name, description = "", status = "ON_SALE", variants: wanted }) => {
      const product: Product = {
        id: shop.newId(),
        name,
        description,
        status,
        price: lowestPrice(wanted),
        rehearsalId: input.rehearsalId ?? null,
        made: { createdAt: shop.now },
      };
      const made = wanted.map((variant, position): Variant => {
        const { sku = null, options = {}, price, stock } = variant;
        return { id: shop.newId(), productId: product.id, position, sku, name: variantName(variant, wanted.length), options, price, stock };
      });
      shop.put(products, product.id, product);
      for (const variant of made) {
        shop.put(variants, variant.id, variant);
        shop.append(stockAdjustments, {
          id: shop.newId(),
          variantId: variant.id,
          delta: variant.stock,
          stockAfter: variant.stock,
          reason: "initial stock",
          createdAt: shop.now,
        });
      }
      return productView(product, made);
    });
  },
});

/** Where it has none of its own, a variant among several goes by its options, or else its SKU. */
function variantName({ name, options = {}, sku }: NewVariant, siblings: number): string | null {
  if (name !== undefined) return name;
  if (siblings === 1) return null;
  return Object.values(options).join(" / ") || (sku ?? null);
}
