// Two languages, typed: what one dictionary says the other has to say as well. Numbers, dates and money are Intl's.

import { computed, effect, signal } from "@preact/signals";
import { keep, readKept } from "./storage.ts";

export type Language = "ko" | "en";

const KEPT_AT = "jangnal.language";

export const language = signal<Language>(firstLanguage());
effect(() => {
  document.documentElement.lang = language.value;
});

export function speak(chosen: Language): void {
  language.value = chosen;
  keep("localStorage", KEPT_AT, chosen);
}

/** As chosen before; else as the browser prefers; Korean where it speaks neither. */
function firstLanguage(): Language {
  const kept = readKept("localStorage", KEPT_AT);
  if (kept === "ko" || kept === "en") return kept;
  const preferred = navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag === "ko" || tag === "en");
  return preferred ?? "ko";
}

/** Every entry a string, or a function of what it speaks of. */
// oxlint-disable-next-line typescript/no-explicit-any -- parameters of any kind
type Words = { readonly [key: string]: string | ((...given: any[]) => string) };

/** The same entries with the same parameters, in other words. */
type SameWords<T extends Words> = { readonly [K in keyof T]: T[K] extends string ? string : T[K] };

/** A dictionary: `const t = dictionary(ko, en)`, then `t.value.cart`, in the language that is spoken at the moment. */
export function dictionary<const T extends Words>(ko: T, en: SameWords<T>): { readonly value: SameWords<T> } {
  return computed(() => (language.value === "ko" ? (ko as SameWords<T>) : en));
}

const LOCALES: Record<Language, string> = { ko: "ko-KR", en: "en-GB" };

/** The shop's, as it says at `GET /shop`. */
export const currency = signal("KRW");
export const timeZone = signal("Asia/Seoul");

const money = computed(
  () => new Intl.NumberFormat(LOCALES[language.value], { style: "currency", currency: currency.value, currencyDisplay: "narrowSymbol" }),
);
const plain = computed(() => new Intl.NumberFormat(LOCALES[language.value]));
const moment = computed(
  () => new Intl.DateTimeFormat(LOCALES[language.value], { dateStyle: "medium", timeStyle: "short", timeZone: timeZone.value }),
);

/** As prices are written: in Korean the won stands behind the number. @param amount minor units */
export function formatMoney(amount: number): string {
  if (language.value === "ko" && currency.value === "KRW") return `${plain.value.format(amount)}원`;
  const digits = money.value.resolvedOptions().maximumFractionDigits ?? 0;
  return money.value.format(amount / 10 ** digits);
}

export const formatNumber = (value: number): string => plain.value.format(value);
/** A day with its time, in the shop's zone; no line breaks within it. */
export const formatInstant = (at: string | number): string => moment.value.format(new Date(at)).replaceAll(" ", "\u00A0");
