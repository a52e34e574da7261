// The input of an entry: a request's parameters and body without personal data. Of requests about
// people only ids, numbers, instants and the shop's own words are kept. Of requests about goods, text
// is kept, too. Reasons and notes are free text, so they are always withheld; they stand beside the
// change itself, where an erasure finds them.

/** A JSON schema. */
type Schema = Record<string, unknown>;

/** Permissions of routes about goods, whose text is about no person. */
const ABOUT_GOODS: ReadonlySet<string> = new Set(["catalog", "stock", "coupons", "drops", "operations"]);
const FREE_TEXT: ReadonlySet<string> = new Set(["reason", "customerReason", "note", "notes"]);
const WITHHELD = "[withheld]";
/** The shop made these texts or knows them all. */
const OWN_FORMATS: ReadonlySet<unknown> = new Set(["uuid", "date-time", "date"]);
const TEXT_MAX = 500;
/** A bulk request is shown in part. */
const VALUES_MAX = 1000;

/**
 * @param permission of the route, which tells whether it is about goods
 * @param schemas of the request, by which its text is judged
 */
export function inputOf(permission: string, value: object, schemas: readonly unknown[]): Record<string, unknown> {
  const reader = new InputReader(ABOUT_GOODS.has(permission));
  return reader.read(value, "", schemas.flatMap(variantsOf)) as Record<string, unknown>;
}

class InputReader {
  readonly #isAboutGoods: boolean;
  #left = VALUES_MAX;

  constructor(isAboutGoods: boolean) {
    this.#isAboutGoods = isAboutGoods;
  }

  read(value: unknown, name: string, schemas: readonly Schema[]): unknown {
    this.#left--;
    if (typeof value === "string") return this.#mayKeep(name, value, schemas) ? shown(value) : WITHHELD;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return this.#list(value, name, schemas);
    const members = Object.entries(value).map(([key, member]) => [
      shown(key),
      this.read(
        member,
        key,
        schemas.flatMap((schema) => memberOf(schema, key)),
      ),
    ]);
    return Object.fromEntries(members);
  }

  /** A list that is too long to be shown is `{count, first}`. */
  #list(list: readonly unknown[], name: string, schemas: readonly Schema[]): unknown {
    const items = schemas.flatMap(({ items: item }) => variantsOf(item));
    const first: unknown[] = [];
    for (const item of list) {
      if (this.#left <= 0) return { count: list.length, first };
      first.push(this.read(item, name, items));
    }
    return first;
  }

  #mayKeep(name: string, value: string, schemas: readonly Schema[]): boolean {
    if (FREE_TEXT.has(name)) return false;
    return this.#isAboutGoods || (schemas.length > 0 && schemas.every((schema) => isOwnWord(schema, value)));
  }
}

/** Whether no person can have made this text up. */
function isOwnWord({ type, format, enum: words, const: word }: Schema, value: string): boolean {
  if (Array.isArray(words)) return words.includes(value);
  return word === value || OWN_FORMATS.has(format) || (type !== undefined && type !== "string");
}

/** A schema and its alternatives. */
function variantsOf(schema: unknown): Schema[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { anyOf, oneOf, allOf, then, else: otherwise, ...own } = schema as Schema;
  const others = [anyOf, oneOf, allOf, then, otherwise].flat().flatMap(variantsOf);
  return "type" in own || "enum" in own || "const" in own || "properties" in own ? [own, ...others] : others;
}

function memberOf({ properties, additionalProperties }: Schema, name: string): Schema[] {
  const known = typeof properties === "object" && properties !== null && Object.hasOwn(properties, name);
  return variantsOf(known ? (properties as Schema)[name] : additionalProperties);
}

/** Text as the database can store it. */
function shown(text: string): string {
  const wellFormed = text.toWellFormed().replaceAll("\0", "");
  return wellFormed.length > TEXT_MAX ? `${wellFormed.slice(0, TEXT_MAX).toWellFormed()}…` : wellFormed;
}
