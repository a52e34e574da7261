import { type FieldError, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { lowestPrice, type Product, type SaleStatus, type Variant } from "./catalog.ts";
import { products, skus, stockAdjustments, variants } from "./catalog.sql.ts";
import { type ProductView, productView } from "./product-view.ts";
import { equalOptions, nameFrom, takeSku } from "./variant-rules.ts";

export type NewVariant = { sku?: string; name?: string; options?: Record<string, string>; price: number; stock: number; status?: SaleStatus };
export type NewProduct = { name: string; description?: string; status?: SaleStatus; variants: NewVariant[] };

/** `bulk` tells where in the request a product stands, `rehearsalId` which rehearsal sells these copies. */
export type CreateProducts = { products: NewProduct[]; bulk?: boolean; rehearsalId?: string };

const MOST_ERRORS = 20;

/**
 * New products with their variants, in the order given; each variant's first stock is journalled like every later change of it.
 * Errors: INVALID_REQUEST for a SKU that is in use, or for two variants of one product with equal options.
 */
export const createProducts = command<CreateProducts, ProductView[]>({
  name: "create products",
  needs: (input) => input.products.flatMap((product) => product.variants.flatMap(({ sku }) => (sku === undefined ? [] : [need(skus, sku)]))),

  decide(uow, { products: wanted, bulk = false, rehearsalId = null }) {
    const errors: FieldError[] = [];
    const views = wanted.map((product, i) => {
      const made = newProduct(uow, product, rehearsalId);
      const paths = new Map(made.variants.map(({ id }, j) => [id, `${bulk ? `/products/${i}` : ""}/variants/${j}`]));
      errors.push(...equalOptions(made.variants, paths), ...made.variants.flatMap(({ id, sku }) => takeSku(uow, id, sku, paths.get(id))));
      put(uow, made);
      return productView(made.product, made.variants);
    });
    if (errors.length > 0) refuse("INVALID_REQUEST", { errors: errors.slice(0, MOST_ERRORS) });
    return views;
  },
});

function newProduct(uow: UnitOfWork, { name, description = "", status = "ON_SALE", variants: wanted }: NewProduct, rehearsalId: string | null) {
  const productId = uow.newId();
  const made = wanted.map((variant, position): Variant => {
    const { sku = null, options = {}, price, stock, status: own = "ON_SALE" } = variant;
    const called = variant.name ?? nameFrom({ sku, options }, wanted.length);
    return { id: uow.newId(), productId, position, sku, name: called, options, price, stock, status: own, version: 0 };
  });
  const product: Product = {
    id: productId,
    name,
    description,
    status,
    price: lowestPrice(made),
    version: 0,
    rehearsalId,
    made: { createdAt: uow.now },
  };
  return { product, variants: made };
}

function put(uow: UnitOfWork, made: { product: Product; variants: Variant[] }): void {
  uow.put(products, made.product.id, made.product);
  for (const variant of made.variants) {
    uow.put(variants, variant.id, variant);
    uow.append(stockAdjustments, {
      id: uow.newId(),
      variantId: variant.id,
      delta: variant.stock,
      stockAfter: variant.stock,
      reason: "initial stock",
      createdAt: uow.now,
    });
  }
}
