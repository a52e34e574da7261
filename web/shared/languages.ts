// Two languages. The compiler checks that both dictionaries have the same entries. Intl formats numbers, dates and money.

import { computed, effect, signal } from "@preact/signals";
import { readStored, store } from "./storage.ts";

export type Language = "ko" | "en";

const STORAGE_KEY = "jangnal.language";

export const language = signal<Language>(firstLanguage());
effect(() => {
  document.documentElement.lang = language.value;
});

export function setLanguage(chosen: Language): void {
  language.value = chosen;
  store("localStorage", STORAGE_KEY, chosen);
}

/** The language chosen before, else the browser's preference, else Korean. */
function firstLanguage(): Language {
  const stored = readStored("localStorage", STORAGE_KEY);
  if (stored === "ko" || stored === "en") return stored;
  const preferred = navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag === "ko" || tag === "en");
  return preferred ?? "ko";
}

/** Each entry is a string, or a function with the values to insert. */
// oxlint-disable-next-line typescript/no-explicit-any -- parameters of any kind
type Words = { readonly [key: string]: string | ((...values: any[]) => string) };

/** The same entries with the same parameters, in another language. */
type SameWords<T extends Words> = { readonly [K in keyof T]: T[K] extends string ? string : T[K] };

/** A dictionary: `const t = dictionary(ko, en)`, then `t.value.cart` in the current language. */
export function dictionary<const T extends Words>(ko: T, en: SameWords<T>): { readonly value: SameWords<T> } {
  return computed(() => (language.value === "ko" ? (ko as SameWords<T>) : en));
}

const LOCALES: Record<Language, string> = { ko: "ko-KR", en: "en-GB" };

/** Settings of the shop, from `GET /shop`. */
export const currency = signal("KRW");
export const timeZone = signal("Asia/Seoul");

const money = computed(
  () => new Intl.NumberFormat(LOCALES[language.value], { style: "currency", currency: currency.value, currencyDisplay: "narrowSymbol" }),
);
const numbers = computed(() => new Intl.NumberFormat(LOCALES[language.value]));
const instants = computed(
  () => new Intl.DateTimeFormat(LOCALES[language.value], { dateStyle: "medium", timeStyle: "short", timeZone: timeZone.value }),
);

/** Formats a price; Korean writes the won after the number. @param amount minor units */
export function formatMoney(amount: number): string {
  if (language.value === "ko" && currency.value === "KRW") return `${numbers.value.format(amount)}원`;
  const digits = money.value.resolvedOptions().maximumFractionDigits ?? 0;
  return money.value.format(amount / 10 ** digits);
}

export const formatNumber = (value: number): string => numbers.value.format(value);
/** Date and time in the shop's zone, without line breaks. */
export const formatInstant = (at: string | number): string => instants.value.format(new Date(at)).replaceAll(" ", "\u00A0");

const seconds = computed(
  () => new Intl.DateTimeFormat(LOCALES[language.value], { dateStyle: "medium", timeStyle: "medium", timeZone: timeZone.value }),
);
/** With seconds. */
export const formatSecond = (at: string | number): string => seconds.value.format(new Date(at)).replaceAll(" ", "\u00A0");
