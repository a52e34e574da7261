import type { Database } from "../database/pool.ts";
import { invalid, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { skus } from "./catalog.sql.ts";
import { VARIANTS_MAX } from "./catalog.ts";
import { newVariant, type NewVariant } from "./create-products.ts";
import { type ProductView, productView } from "./product-view.ts";
import type { VariantSet } from "./read-catalog.sql.ts";
import { revise, saveProduct } from "./save-product.ts";
import { fullProductNeeds, getFullProduct, variantSetOf } from "./variant-sets.ts";

/** `prepare` fills in `set`. */
export type AddVariant = { productId: string; variant: NewVariant; set?: VariantSet | undefined };

/** Adds a variant to a product. Answers the product. Errors: PRODUCT_NOT_FOUND, INVALID_REQUEST. */
export function addVariant(database: Database): Command<AddVariant, ProductView> {
  return command<AddVariant, ProductView>({
    name: "add variant",
    prepare: async (input) => ({ ...input, set: await variantSetOf(database, input.productId) }),
    needs: ({ set, variant: { sku } }) => [...fullProductNeeds(set), ...(sku === undefined ? [] : [need(skus, sku)])],

    decide(uow, { productId, variant, set }) {
      const before = getFullProduct(uow, set) ?? refuse("PRODUCT_NOT_FOUND", { productId });
      const position = before.variants.length;
      if (position >= VARIANTS_MAX) invalid("", `a product has at most ${VARIANTS_MAX} variants`);
      const added = newVariant(uow, { productId, position }, variant);
      const revision = revise(before, { ...before, variantsAdded: (before.variantsAdded ?? 0) + 1, variants: [...before.variants, added] });
      const errors = saveProduct(uow, revision, { product: "", variants: new Map([[added.id, ""]]) });
      if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
      return productView(revision.after);
    },
  });
}
