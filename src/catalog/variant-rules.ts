// What a product's variants are called, and what tells them apart.

import type { FieldError } from "../refusal.ts";
import type { UnitOfWork } from "../till/unit-of-work.ts";
import { skus } from "./catalog.sql.ts";

type Described = { sku: string | null; options: Record<string, string> };

const SEPARATOR = " / ";

/** The name of a variant that is given none: among several its options, or else its SKU; alone none, for the product's own will do. */
export function nameFrom({ sku, options }: Described, siblings: number): string | null {
  return siblings === 1 ? null : nameOf(options) || sku;
}

/**
 * The name after an edit that gives none. A name that was made of the options, or of the SKU, follows them, with its values in the order in
 * which they were; any other name stays.
 */
export function nameAfterEdit(before: Described & { name: string | null }, after: Described): string | null {
  const { name, options, sku } = before;
  if (name === null) return null;
  const values = name.split(SEPARATOR);
  if (sorted(values) === sorted(nameOf(options).split(SEPARATOR))) return nameOf(after.options, options, values) || after.sku;
  return name === sku && nameOf(options) === "" ? nameOf(after.options) || after.sku : name;
}

/** PostgreSQL keeps an object's keys in an order of its own, so the order of the values is taken from the name that there was. */
function nameOf(options: Record<string, string>, before: Record<string, string> = {}, values: string[] = []): string {
  const place = (key: string): number => (before[key] === undefined ? values.length : values.indexOf(before[key]));
  return Object.keys(options)
    .toSorted((a, b) => place(a) - place(b))
    .map((key) => options[key])
    .join(SEPARATOR);
}

const sorted = (values: string[]): string => JSON.stringify(values.toSorted());

/**
 * What is wrong with new options: another of the product's variants has equal ones. Variants without options are told apart by name or SKU.
 * @param given the place in the request of each variant whose options are new
 */
export function equalOptions(variants: { id: string; options: Record<string, string> }[], given: ReadonlyMap<string, string>): FieldError[] {
  return variants.flatMap(({ id, options }, i) => {
    const path = given.get(id);
    if (path === undefined || Object.keys(options).length === 0) return [];
    const equal = variants.some((other, j) => j !== i && (j < i || !given.has(other.id)) && keyOf(other.options) === keyOf(options));
    return equal ? [{ path: `${path}/options`, message: "another variant of the product has equal options" }] : [];
  });
}

const keyOf = (options: Record<string, string>): string => JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Gives a variant its SKU, which no other variant of the shop may have. The SKU must be among the command's needs. */
export function takeSku(uow: UnitOfWork, variantId: string, sku: string | null, path: string | undefined): FieldError[] {
  if (sku === null) return [];
  const owner = uow.find(skus, sku)?.variantId ?? variantId;
  if (owner !== variantId) return [{ path: `${path}/sku`, message: "another variant has this SKU" }];
  uow.put(skus, sku, { variantId });
  return [];
}
