// Names in one language at a time.

import { language } from "../shared/languages.ts";

const HANGUL = /\p{Script=Hangul}/u;
/** "먹색 · Ink" within the name of a variant, such as "티셔츠 · T-shirt 먹색 · Ink / S". */
const PAIR = /([^·/]*\p{Script=Hangul}[^·/]*) · ([^\p{Script=Hangul}/]*[^\p{Script=Hangul}/\s])(?=\s+\S*\p{Script=Hangul}|\s*\/|\s*$)/gu;
/** A size at the end of a variant's name: it belongs to both languages. */
const SIZE = / (?:X{0,3}[SL]|M|FREE|\d+)$/;

/** A name in two languages, such as "달항아리 · Moon jar", in the visitor's; any other name as it is. */
export function localName(name: string): string {
  const parts = name.split(" · ");
  if (parts.length > 2) return localParts(name);
  const [first = "", second = ""] = parts;
  if (parts.length !== 2 || HANGUL.test(first) === HANGUL.test(second)) return name;
  if (HANGUL.test(first) !== (language.value === "ko")) return second;
  // Options in one language follow the product's name. Without a known end of that name, both languages stay.
  if (second.includes(" / ")) return name;
  return first + (SIZE.exec(second)?.[0] ?? "");
}

function localParts(name: string): string {
  const local = name.replaceAll(PAIR, (_pair, ko: string, en: string) => (language.value === "ko" ? ko : `${/^\s*/.exec(ko)?.[0]}${en}`));
  return local.includes(" · ") ? name : local;
}

/** The name of an order's item: that of the product, and the values of its options. */
export function itemName({ name, options }: { name: string; options: Readonly<Record<string, string>> }): string {
  const values = Object.values(options);
  for (const order of [values, values.toReversed()]) {
    const end = ` ${order.join(" / ")}`;
    if (values.length > 0 && name.endsWith(end)) return `${localName(name.slice(0, -end.length))} ${order.map(localName).join(" / ")}`;
  }
  return localName(name);
}
