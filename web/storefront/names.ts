// Names in one language at a time.

import { language } from "../shared/languages.ts";

const HANGUL = /\p{Script=Hangul}/u;

/** A name in two languages, such as "달항아리 · Moon jar", in the visitor's; any other name as it is. */
export function localName(name: string): string {
  const parts = name.split(" · ");
  const [first = "", second = ""] = parts;
  if (parts.length !== 2 || HANGUL.test(first) === HANGUL.test(second)) return name;
  return HANGUL.test(first) === (language.value === "ko") ? first : second;
}
