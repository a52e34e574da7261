import type { Database } from "../database/pool.ts";
import { BatchedRead } from "../database/batched-read.ts";
import { type FieldError, refuse } from "../refusal.ts";
import { type Command, command } from "../till/command.ts";
import { need } from "../till/table.ts";
import { NeedsChanged } from "../till/unit-of-work.ts";
import { skus } from "./catalog.sql.ts";
import { productExternalIds } from "./details.sql.ts";
import { mergeProduct, type SentProduct } from "./merge-product.ts";
import { type Difference, differences } from "./product-differences.ts";
import { type ProductView, productView } from "./product-view.ts";
import { selectSetsByExternalId, type VariantSet } from "./read-catalog.sql.ts";
import { saveProduct } from "./save-product.ts";
import { fullProductNeeds, getFullProduct } from "./variant-sets.ts";

/** `dryRun`: changes nothing. `prepare` fills in `set`. */
export type PutProduct = { sent: SentProduct; dryRun?: boolean; set?: VariantSet | undefined };

export type PutResult = "CREATED" | "UPDATED" | "UNCHANGED";
/** `warnings` name parts of the request that have no effect. */
export type PutAnswer = { result: PutResult; product: ProductView; warnings: FieldError[]; differences: Difference[] };

/**
 * Makes the product with this external id, or changes the one that has it. Sent again, it changes nothing.
 * Errors: INVALID_REQUEST.
 */
export function putProduct(database: Database): Command<PutProduct, PutAnswer> {
  const sets = new BatchedRead(async (externalIds) => {
    const rows = await database.rows<VariantSet & { externalId: string }>(selectSetsByExternalId(externalIds));
    return new Map(rows.map(({ externalId, ...set }) => [externalId, set]));
  });
  return command<PutProduct, PutAnswer>({
    name: "put product",
    prepare: async (input) => ({ ...input, set: await sets.get(input.sent.externalId) }),
    needs: ({ sent, set }) => [
      need(productExternalIds, sent.externalId),
      ...fullProductNeeds(set),
      ...(sent.variants ?? []).flatMap(({ sku }) => (sku == null ? [] : [need(skus, sku)])),
    ],

    decide(uow, { sent, set, dryRun = false }) {
      const owner = uow.find(productExternalIds, sent.externalId)?.productId ?? undefined;
      if (owner !== set?.productId) throw new NeedsChanged();
      const { revision, paths, errors, warnings } = mergeProduct(getFullProduct(uow, set), sent, uow);
      if (errors.length === 0) errors.push(...saveProduct(uow, revision, { product: "", variants: paths }));
      if (errors.length > 0) refuse("INVALID_REQUEST", { errors });
      if (dryRun) uow.drop();
      const { before, after, isChanged } = revision;
      const result = before === undefined ? "CREATED" : isChanged ? "UPDATED" : "UNCHANGED";
      return { result, product: productView(after), warnings, differences: dryRun && before !== undefined ? differences(before, after) : [] };
    },

    status: ({ result }) => (result === "CREATED" ? 201 : 200),
    view: ({ product, warnings }) => ({ ...product, warnings }),
  });
}
