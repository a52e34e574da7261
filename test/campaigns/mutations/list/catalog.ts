// Rules of the catalog and of stock in bulk.

import { type Mutation, mutation } from "../mutation.ts";

const CHANGE = "src/catalog/change-stock.ts";
const CHANGED = "test/api/stock-changes.test.ts";
const SETS = "src/catalog/variant-sets.ts";
const SOLE = "src/catalog/sole-variant.ts";
const DETAILS = "test/api/catalog-details.test.ts";
const KEYS = "src/catalog/keys.ts";
const MERGE = "src/catalog/merge-product.ts";
const IMPORT = "src/catalog/import-catalog.ts";
const IMPORTED = "test/api/catalog-import.test.ts";
const EVENTS = "src/catalog/stock-events.ts";
const TOLD = "test/api/stock-events.test.ts";

export const CATALOG: Mutation[] = [
  mutation(
    "a product that is not for sale shows shoppers no images and tags",
    "src/catalog/product-view.ts",
    `const isHidden = status === "NOT_FOR_SALE"`,
    "const isHidden = false",
    ["test/api/not-for-sale.test.ts", "no page of a shopper shows image, tag or metadata"],
  ),
  mutation(
    "a variant that is not for sale shows shoppers no image",
    "src/catalog/product-view.ts",
    "price: null, stock: 0, status, imageUrl: null",
    "price: null, stock: 0, status, imageUrl",
    ["test/api/not-for-sale.test.ts", "a variant that is not for sale shows its image in no page and no cart"],
  ),
  mutation("a faulty row of a bulk change refuses all rows", CHANGE, `if (errors.length > 0) refuse("INVALID_REQUEST", { errors });`, "", [
    CHANGED,
    "every faulty row is named",
  ]),
  mutation("a bulk change checks the expected stock", CHANGE, "expected !== undefined && expected !== variant.stock", "false", [
    CHANGED,
    "every faulty row is named",
  ]),
  mutation(
    "units that a bulk change adds go to the line of a drop",
    "src/catalog/adjust-stock.ts",
    "if (delta > 0) line.pass(uow, variant.productId, id);",
    "",
    [CHANGED, "units that rows add go to the first entries"],
  ),
  mutation("a product with an added variant has no only variant", SOLE, " || (product.variantsAdded ?? 0) > 0", "", [
    DETAILS,
    "once a product has a second variant",
  ]),
  mutation(
    "a command that locks all variants notices an added one",
    SETS,
    "if ((product.variantsAdded ?? 0) !== set.variantsAdded) throw new NeedsChanged();",
    "",
    [DETAILS, "do not miss a variant that was added"],
  ),
  mutation("an external id belongs to one product", KEYS, "if (owner !== id) return", "if (false) return", [
    DETAILS,
    "an external id belongs to one product",
  ]),
  mutation("a PUT does not overwrite the stock of a variant", MERGE, "const { stock: _, ...sent } = variant;", "const sent = variant;", [
    IMPORTED,
    "stock counts only for variants that are made",
  ]),
  mutation("an import that changes nothing asks no till", IMPORT, "errors.length === 0 && !revision.isChanged", "false", [
    IMPORTED,
    "a line that changes nothing is answered while its rows are locked",
  ]),
  mutation("only the last unit sells a variant out", EVENTS, "(before.stock === 0) === (after.stock === 0)", "before.stock === after.stock", [
    TOLD,
    "by an order of the last unit",
  ]),
  mutation("sinks are told of no variant of a rehearsal", EVENTS, "WHERE p.rehearsal_id IS NULL", "", [
    TOLD,
    "variants of a rehearsal have no events",
  ]),
  mutation(
    "stock events are written only if they are chosen",
    EVENTS,
    `if (!isSent("stock.sold-out") && !isSent("stock.back")) return undefined;`,
    "isSent = () => true;",
    [TOLD, "without a pattern that chooses them"],
  ),
];
