import { type FieldError, refuse } from "../refusal.ts";
import type { Metadata } from "../http/metadata.ts";
import { command } from "../till/command.ts";
import { need } from "../till/table.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { skus } from "./catalog.sql.ts";
import { type FullProduct, type FullVariant, type Image, NO_PRODUCT_DETAILS, NO_VARIANT_DETAILS, type SaleStatus } from "./catalog.ts";
import { productExternalIds } from "./details.sql.ts";
import { type ProductView, productView } from "./product-view.ts";
import { revise, saveProduct } from "./save-product.ts";

export type NewVariant = {
  sku?: string;
  name?: string;
  options?: Record<string, string>;
  price: number;
  stock: number;
  status?: SaleStatus;
  imageUrl?: string;
  metadata?: Metadata;
};
export type NewProduct = {
  externalId?: string;
  name: string;
  description?: string;
  status?: SaleStatus;
  images?: Image[];
  tags?: string[];
  metadata?: Metadata;
  taxFreeAmount?: number;
  variants: NewVariant[];
};

/** `bulk`: errors name the product by its index. `rehearsalId` marks copies of a rehearsal. */
export type CreateProducts = { products: NewProduct[]; bulk?: boolean; rehearsalId?: string };

const ERRORS_MAX = 20;

/**
 * Creates products with their variants, in the order given. Records each variant's initial stock as
 * an adjustment.
 * Errors: INVALID_REQUEST for a SKU or external id in use, for two variants of one product with equal
 * options, or for a tax-free amount above a price.
 */
export const createProducts = command<CreateProducts, ProductView[]>({
  name: "create products",
  needs: (input) =>
    input.products.flatMap(({ externalId, variants }) => [
      ...(externalId === undefined ? [] : [need(productExternalIds, externalId)]),
      ...variants.flatMap(({ sku }) => (sku === undefined ? [] : [need(skus, sku)])),
    ]),

  decide(uow, { products: requested, bulk = false, rehearsalId = null }) {
    const errors: FieldError[] = [];
    const views = requested.map((product, i) => {
      const path = bulk ? `/products/${i}` : "";
      const revision = revise(undefined, newProduct(uow, product, rehearsalId));
      const paths = new Map(revision.after.variants.map(({ id }, j) => [id, `${path}/variants/${j}`]));
      errors.push(...saveProduct(uow, revision, { product: path, variants: paths }));
      return productView(revision.after);
    });
    if (errors.length > 0) refuse("INVALID_REQUEST", { errors: errors.slice(0, ERRORS_MAX) });
    return views;
  },

  view: (created, { bulk }) => (bulk ? { products: created } : created[0]),
});

function newProduct(uow: UnitOfWork, request: NewProduct, rehearsalId: string | null): FullProduct {
  const { description = "", status = "ON_SALE", taxFreeAmount = 0, variants, ...fields } = request;
  const id = uow.newId();
  return {
    ...NO_PRODUCT_DETAILS,
    ...fields,
    id,
    description,
    status,
    price: 0, // `revise` sets it.
    version: 0,
    taxFreeAmount,
    rehearsalId,
    made: { createdAt: uow.now },
    variants: variants.map((variant, position) => newVariant(uow, { productId: id, position }, variant)),
  };
}

/** @param place the variant's product, and its position there */
export function newVariant(uow: Pick<UnitOfWork, "newId">, place: Pick<FullVariant, "productId" | "position">, fields: NewVariant): FullVariant {
  const { sku = null, name = null, options = {}, status = "ON_SALE", ...rest } = fields;
  return { ...NO_VARIANT_DETAILS, ...rest, id: uow.newId(), ...place, sku, name, options, status, version: 0 };
}
