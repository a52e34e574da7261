import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/shelf.ts";
import type { SaleStatus, Variant } from "./catalog.ts";
import { products, variants } from "./catalog.sql.ts";
import type { CatalogFacts } from "./facts.ts";
import { lowestPrice, type ProductView, productView } from "./product-view.ts";

export type EditProduct = {
  productId: string;
  name?: string;
  description?: string;
  status?: SaleStatus;
  /** Only where there is one variant. */
  price?: number;
  variants?: { id: string; sku?: string; name?: string; options?: Record<string, string>; price?: number }[];
  variantIds?: string[];
};

/**
 * Changes what is given of a product. All its variants are locked meanwhile, so no order sees half of it.
 * Errors: PRODUCT_NOT_FOUND, INVALID_REQUEST for a price where there are several, or a variant that is not the product's.
 */
export function editProduct(facts: CatalogFacts): Command<EditProduct, ProductView> {
  return command<EditProduct, ProductView>({
    name: "edit product",
    prepare: async (input) => ({ ...input, variantIds: (await facts.variantsOf(input.productId)) ?? [] }),
    needs: ({ productId, variantIds = [] }) => [need(products, productId), ...variantIds.map((id) => need(variants, id))],

    decide(shop, { productId, variantIds = [], price, variants: edits = [], ...fields }) {
      const product = shop.find(products, productId) ?? refuse("PRODUCT_NOT_FOUND", { productId });
      if (price !== undefined && variantIds.length > 1) invalid("/price", "the product has several variants: set the price of each in /variants");
      const stranger = edits.findIndex(({ id }) => !variantIds.includes(id));
      if (stranger >= 0) invalid(`/variants/${stranger}/id`, "is not a variant of this product");

      const edited = variantIds.map((id): Variant => {
        const variant = shop.find(variants, id) ?? refuse("PRODUCT_NOT_FOUND", { productId });
        return { ...variant, ...(price === undefined ? {} : { price }), ...edits.find((edit) => edit.id === id) };
      });
      const changed = { ...product, ...fields, price: lowestPrice(edited) };
      shop.put(products, productId, changed);
      for (const variant of edited) shop.put(variants, variant.id, variant);
      return productView(changed, edited);
    },
  });
}
