// A product as another system sends it, merged into the one that the shop has.

import type { Metadata } from "../http/metadata.ts";
import type { FieldError } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { type FullProduct, type FullVariant, type Image, NO_PRODUCT_DETAILS, type SaleStatus } from "./catalog.ts";
import { newVariant } from "./create-products.ts";
import { matchVariants } from "./match-variants.ts";
import { revise, type Revision } from "./save-product.ts";
import { nameAfterEdit } from "./variant-rules.ts";

/** A member that is left out stays as it is. A new variant needs `price` and `stock`. */
export type SentVariant = {
  sku?: string | null;
  name?: string | null;
  options?: Record<string, string>;
  price?: number;
  stock?: number;
  status?: SaleStatus;
  imageUrl?: string | null;
  metadata?: Metadata;
};

/** `price` and `stock` stand for the only variant. A new product needs `name`, and them or `variants`. */
export type SentProduct = {
  externalId: string;
  name?: string;
  description?: string;
  status?: SaleStatus;
  images?: Image[];
  tags?: string[];
  metadata?: Metadata;
  taxFreeAmount?: number;
  price?: number;
  stock?: number;
  variants?: SentVariant[];
};

export type Merged = {
  revision: Revision;
  /** JSON pointers of the variants that were sent, by id. */
  paths: Map<string, string>;
  /** The request cannot be fulfilled. */
  errors: FieldError[];
  /** Parts of the request that have no effect. */
  warnings: FieldError[];
};

/** More than a request can have: variants that the other system no longer sends stay with the product. */
const VARIANTS_MAX = 1000;
const STOCK_WARNING = "was ignored, because the variant exists: its stock is changed by POST /admin/stock";

/** @param before undefined if the shop does not have the product @param ids gives new ids, and the time of creation */
export function mergeProduct(before: FullProduct | undefined, sent: SentProduct, ids: Ids): Merged {
  const base = before ?? emptyProduct(sent, ids);
  const { name = base.name, description = base.description, status = base.status } = sent;
  const { images = base.images, tags = base.tags, metadata = base.metadata, taxFreeAmount = base.taxFreeAmount ?? 0 } = sent;
  const result = mergeVariants(base, sent, ids);
  const errors = [...(before === undefined && sent.name === undefined ? [required("/name")] : []), ...result.errors];
  const after = { ...base, taxFreeAmount, name, description, status, images, tags, metadata, variants: result.variants };
  const added = before === undefined ? 0 : result.variants.length - before.variants.length;
  const counted = added === 0 ? after : { ...after, variantsAdded: (base.variantsAdded ?? 0) + added };
  if (result.variants.length > VARIANTS_MAX) errors.push({ path: "/variants", message: `a product has at most ${VARIANTS_MAX} variants` });
  return { ...result, revision: revise(before, counted), errors };
}

const required = (path: string): FieldError => ({ path, message: "is required: the shop does not have it yet" });

function emptyProduct({ externalId }: SentProduct, ids: Ids): FullProduct {
  const made = { createdAt: ids.now };
  return {
    ...NO_PRODUCT_DETAILS,
    externalId,
    id: ids.newId(),
    name: "",
    description: "",
    status: "ON_SALE",
    price: 0,
    version: 0,
    made,
    variants: [],
  };
}

type Ids = Pick<UnitOfWork, "newId" | "now">;
type MergedVariants = Omit<Merged, "revision"> & { variants: FullVariant[] };

function mergeVariants(base: FullProduct, sent: SentProduct, ids: Ids): MergedVariants {
  const { variants, price, stock } = sent;
  const nothing: MergedVariants = { variants: base.variants, paths: new Map(), errors: [], warnings: [] };
  const [only, ...others] = base.variants;
  if (variants !== undefined) return mergeList(base, variants, matchVariants(base.variants, variants), ids);
  if (others.length > 0 && price !== undefined)
    return { ...nothing, errors: [{ path: "/price", message: "the product has several variants: send the price of each in /variants" }] };
  if (others.length > 0 && stock !== undefined) return { ...nothing, warnings: [{ path: "/stock", message: STOCK_WARNING }] };
  if (others.length > 0 || (only !== undefined && price === undefined && stock === undefined)) return nothing;
  return mergeList(base, [{ ...(price === undefined ? {} : { price }), ...(stock === undefined ? {} : { stock }) }], [only], ids, () => "");
}

/** @param matched the variant that each of the list means @param pathOf JSON pointers of the list's entries */
function mergeList(
  base: FullProduct,
  list: readonly SentVariant[],
  matched: readonly (FullVariant | undefined)[],
  ids: Ids,
  pathOf = (i: number): string => `/variants/${i}`,
): MergedVariants {
  const [errors, warnings]: [FieldError[], FieldError[]] = [[], []];
  const paths = new Map<string, string>();
  const known = new Map<string, FullVariant>();
  const added: FullVariant[] = [];
  for (const [i, sent] of list.entries()) {
    const path = pathOf(i);
    const prior = matched[i];
    if (prior === undefined) {
      for (const name of ["price", "stock"] as const) if (sent[name] === undefined) errors.push(required(`${path}/${name}`));
      added.push(addedVariant(base, base.variants.length + added.length, sent, ids));
    } else {
      if (sent.stock !== undefined && sent.stock !== prior.stock) warnings.push({ path: `${path}/stock`, message: STOCK_WARNING });
      known.set(prior.id, changedVariant(prior, sent));
    }
    paths.set(prior?.id ?? (added.at(-1) as FullVariant).id, path);
  }
  const kept = base.variants.map((variant): FullVariant => known.get(variant.id) ?? { ...variant, status: "NOT_FOR_SALE" });
  return { variants: [...kept, ...added], paths, errors, warnings };
}

function addedVariant({ id }: FullProduct, position: number, sent: SentVariant, ids: Ids): FullVariant {
  const { sku, name, imageUrl, price = 0, stock = 0, ...fields } = sent;
  const texts = { ...(sku == null ? {} : { sku }), ...(name == null ? {} : { name }), ...(imageUrl == null ? {} : { imageUrl }) };
  return newVariant(ids, { productId: id, position }, { ...fields, ...texts, price, stock });
}

/** The variant with the members that were sent. A name made of the options follows them. */
function changedVariant(prior: FullVariant, variant: SentVariant): FullVariant {
  const { stock: _, ...sent } = variant;
  const described = { sku: prior.sku, options: prior.options, ...sent };
  return { ...prior, ...sent, name: sent.name === undefined ? nameAfterEdit(prior, described) : sent.name };
}
