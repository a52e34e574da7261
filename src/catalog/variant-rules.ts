// Names of variants, and options that distinguish them.

import type { FieldError } from "../refusal.ts";

type Described = { sku: string | null; options: Record<string, string> };

const SEPARATOR = " / ";

/**
 * The default name of a variant: its options, or else its SKU. A product's only variant needs no
 * name (null).
 * @param siblings variants of the product
 */
export function defaultName({ sku, options }: Described, siblings: number): string | null {
  return siblings === 1 ? null : joinOptions(options) || sku;
}

/**
 * The name after an edit without a name. A name made of the options or of the SKU follows them,
 * with the values in their previous order. Any other name stays.
 */
export function nameAfterEdit(before: Described & { name: string | null }, after: Described): string | null {
  const { name, options, sku } = before;
  if (name === null) return null;
  const values = name.split(SEPARATOR);
  if (sorted(values) === sorted(joinOptions(options).split(SEPARATOR))) return joinOptions(after.options, options, values) || after.sku;
  return name === sku && joinOptions(options) === "" ? joinOptions(after.options) || after.sku : name;
}

/** Keeps the previous order of the values, because PostgreSQL does not keep the order of keys. */
function joinOptions(options: Record<string, string>, before: Record<string, string> = {}, values: string[] = []): string {
  const place = (key: string): number => (before[key] === undefined ? values.length : values.indexOf(before[key]));
  return Object.keys(options)
    .toSorted((a, b) => place(a) - place(b))
    .map((key) => options[key])
    .join(SEPARATOR);
}

const sorted = (values: string[]): string => JSON.stringify(values.toSorted());

/**
 * Errors for new options that equal those of another variant of the product. Variants without
 * options differ by name or SKU.
 * @param given for each variant with new options, its JSON pointer in the request
 */
export function duplicateOptions(variants: { id: string; options: Record<string, string> }[], given: ReadonlyMap<string, string>): FieldError[] {
  return variants.flatMap(({ id, options }, i) => {
    const path = given.get(id);
    if (path === undefined || Object.keys(options).length === 0) return [];
    const equal = variants.some((other, j) => j !== i && (j < i || !given.has(other.id)) && optionsKey(other.options) === optionsKey(options));
    return equal ? [{ path: `${path}/options`, message: "another variant of the product has equal options" }] : [];
  });
}

/** Equal for equal options, in whatever order their keys are. */
export const optionsKey = (options: Record<string, string>): string => JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
