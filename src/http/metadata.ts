// `metadata`: a shop's own data on a row, texts by key. The shop stores it and never reads it.

import Type, { type TSchema } from "typebox";
import { invalid } from "../refusal.ts";

export type Metadata = Record<string, string>;
/** Changes by key; null removes a key. */
export type MetadataPatch = Record<string, string | null>;

const MAX_KEYS = 50;

const record = <T>(value: TSchema, description: string) =>
  Type.Unsafe<T>({
    type: "object",
    propertyNames: { minLength: 1, maxLength: 40 },
    additionalProperties: value,
    maxProperties: MAX_KEYS,
    description,
  });

const Value = () => Type.String({ maxLength: 500 });

export const MetadataSchema = (description = "The shop's own data: up to 50 texts by key") => record<Metadata>(Value(), description);
export const MetadataPatchSchema = () =>
  record<MetadataPatch>(Type.Union([Value(), Type.Null()]), "Merged by key into the metadata; null removes a key");

/**
 * The metadata after a change. Absent parts are empty.
 * Errors: INVALID_REQUEST at `path` if it would have more than 50 keys.
 */
export function mergedMetadata(current: Metadata | null, patch: MetadataPatch | undefined, path = "/metadata"): Metadata {
  const merged: Metadata = { ...current };
  for (const [key, value] of Object.entries(patch ?? {})) {
    if (value === null) delete merged[key];
    else merged[key] = value;
  }
  if (Object.keys(merged).length > MAX_KEYS) invalid(path, `must not have more than ${MAX_KEYS} keys`);
  return merged;
}
