// Text that people read is stored in one form, whatever system it was typed on: macOS sends Hangul decomposed (NFD), forms send blanks.
// A schema marks such text (schemas.ts), and validation rewrites it in place before it looks at its length.

import type { Ajv, ErrorObject } from "ajv";
import type { DataValidateFunction } from "ajv/dist/types/index.js";

/** Marks a string that people read. */
export const TEXT = "x-text";
/** Marks an object whose keys people read. */
export const TEXT_KEYS = "x-text-keys";

/** Trimmed, and in Unicode NFC. */
export function readable(text: string): string {
  return text.normalize("NFC").trim();
}

/** Teaches a validator the two marks. They come before the keywords that look at lengths. */
export function addTextKeywords(ajv: Ajv): void {
  ajv.addKeyword({
    keyword: TEXT,
    type: "string",
    schemaType: "boolean",
    modifying: true,
    errors: false,
    before: "maxLength",
    compile: () => (text: string, context) => {
      if (context) context.parentData[context.parentDataProperty] = readable(text);
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

/** Rewrites the keys in place, in their order. Two keys that are one afterwards are an error: either value would be lost. */
function renameKeys(record: Record<string, unknown>): Partial<ErrorObject>[] {
  const members = Object.entries(record).map(([key, value]) => [readable(key), value] as const);
  if (Object.keys(record).every((key) => key === readable(key))) return [];
  if (new Set(members.map(([key]) => key)).size < members.length)
    return [{ keyword: TEXT_KEYS, params: {}, message: "two keys become the same text after normalization" }];
  for (const key of Object.keys(record)) delete record[key];
  for (const [key, value] of members) record[key] = value;
  return [];
}
