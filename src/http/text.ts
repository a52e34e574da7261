// Normalizes text that people read: macOS sends Hangul decomposed (NFD), forms send surrounding blanks.
// A schema marks such text (schemas.ts), and validation rewrites it in place before the length checks.

import type { Ajv, ErrorObject } from "ajv";
import type { DataValidateFunction } from "ajv/dist/types/index.js";

/** Schema keyword for a string that people read. */
export const TEXT = "x-text";
/** Schema keyword for an object whose keys people read. */
export const TEXT_KEYS = "x-text-keys";

/** The text trimmed and in Unicode NFC. */
export function normalizeText(text: string): string {
  return text.normalize("NFC").trim();
}

/** Adds the two keywords to a validator. They run before the keywords that check lengths. */
export function addTextKeywords(ajv: Ajv): void {
  ajv.addKeyword({
    keyword: TEXT,
    type: "string",
    schemaType: "boolean",
    modifying: true,
    errors: false,
    before: "maxLength",
    compile: () => (text: string, context) => {
      if (context) context.parentData[context.parentDataProperty] = normalizeText(text);
      return true;
    },
  });
  ajv.addKeyword({
    keyword: TEXT_KEYS,
    type: "object",
    schemaType: "boolean",
    modifying: true,
    errors: true,
    before: "maxProperties",
    compile: () => {
      const validate: DataValidateFunction = (record: Record<string, unknown>) => {
        validate.errors = renameKeys(record);
        return validate.errors.length === 0;
      };
      return validate;
    },
  });
}

/** Normalizes the keys in place, in their order. Two keys that become equal are an error, because one value would be lost. */
function renameKeys(record: Record<string, unknown>): Partial<ErrorObject>[] {
  const members = Object.entries(record).map(([key, value]) => [normalizeText(key), value] as const);
  if (Object.keys(record).every((key) => key === normalizeText(key))) return [];
  if (new Set(members.map(([key]) => key)).size < members.length)
    return [{ keyword: TEXT_KEYS, params: {}, message: "two keys become the same text after normalization" }];
  for (const key of Object.keys(record)) delete record[key];
  for (const [key, value] of members) record[key] = value;
  return [];
}
