import { type FieldError, refuse } from "../refusal.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { lowestPrice, type Product, type SaleStatus, type Variant } from "./catalog.ts";
import { products, skus, variants } from "./catalog.sql.ts";
import { type ProductView, productView } from "./product-view.ts";
import { assignSku } from "./sku.ts";
import { stockAdjustments } from "./stock.sql.ts";
import { taxFreeErrors } from "./tax-free.ts";
import { defaultName, duplicateOptions } from "./variant-rules.ts";

export type NewVariant = { sku?: string; name?: string; options?: Record<string, string>; price: number; stock: number; status?: SaleStatus };
export type NewProduct = { name: string; description?: string; status?: SaleStatus; taxFreeAmount?: number; variants: NewVariant[] };

/** `bulk`: errors name the product by its index. `rehearsalId` marks copies of a rehearsal. */
export type CreateProducts = { products: NewProduct[]; bulk?: boolean; rehearsalId?: string };

const ERRORS_MAX = 20;

/**
 * Creates products with their variants, in the order given. Records each variant's initial stock as
 * an adjustment.
 * Errors: INVALID_REQUEST for a SKU in use, for two variants of one product with equal options, or for
 * a tax-free amount above a price.
 */
export const createProducts = command<CreateProducts, ProductView[]>({
  name: "create products",
  needs: (input) => input.products.flatMap((product) => product.variants.flatMap(({ sku }) => (sku === undefined ? [] : [need(skus, sku)]))),

  decide(uow, { products: requested, bulk = false, rehearsalId = null }) {
    const errors: FieldError[] = [];
    const views = requested.map((product, i) => {
      const created = newProduct(uow, product, rehearsalId);
      const path = bulk ? `/products/${i}` : "";
      const paths = new Map(created.variants.map(({ id }, j) => [id, `${path}/variants/${j}`]));
      errors.push(...taxFreeErrors(created.product, created.variants, `${path}/taxFreeAmount`));
      errors.push(...duplicateOptions(created.variants, paths), ...created.variants.flatMap(({ id, sku }) => assignSku(uow, id, sku, paths.get(id))));
      put(uow, created);
      return productView(created.product, created.variants);
    });
    if (errors.length > 0) refuse("INVALID_REQUEST", { errors: errors.slice(0, ERRORS_MAX) });
    return views;
  },

  view: (created, { bulk }) => (bulk ? { products: created } : created[0]),
});

function newProduct(uow: UnitOfWork, request: NewProduct, rehearsalId: string | null) {
  const { name, description = "", status = "ON_SALE", taxFreeAmount = 0, variants: requested } = request;
  const productId = uow.newId();
  const created = requested.map((variant, position): Variant => {
    const { sku = null, options = {}, price, stock, status: variantStatus = "ON_SALE" } = variant;
    const variantName = variant.name ?? defaultName({ sku, options }, requested.length);
    return { id: uow.newId(), productId, position, sku, name: variantName, options, price, stock, status: variantStatus, version: 0 };
  });
  const product: Product = {
    id: productId,
    name,
    description,
    status,
    price: lowestPrice(created),
    version: 0,
    taxFreeAmount,
    rehearsalId,
    made: { createdAt: uow.now },
  };
  return { product, variants: created };
}

function put(uow: UnitOfWork, created: { product: Product; variants: Variant[] }): void {
  uow.put(products, created.product.id, created.product);
  for (const variant of created.variants) {
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
