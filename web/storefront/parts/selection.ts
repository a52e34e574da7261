// The choice of a product's variant: one value for each option. Nothing is chosen beforehand unless there is one variant only.

import { useSignal } from "@preact/signals";
import type { Variant } from "#client";

/** A value of an option. */
export type OptionValue = {
  value: string;
  isChosen: boolean;
  /** Every variant with this value is sold out. */
  isGone: boolean;
  /** The variant with this value and the other chosen values is sold out. */
  isGoneHere: boolean;
  /** By how much this value raises the price, with the other chosen values; 0 if a price is unknown. */
  surcharge: number;
  choose: () => void;
};

export type Selection = {
  /** Undefined until a value is chosen for each option. */
  variant: Variant | undefined;
  options: { name: string; values: OptionValue[] }[];
  /** The first option without a chosen value. */
  missing: string | undefined;
  quantity: number;
  setQuantity: (quantity: number) => void;
};

/** The option of variants that have none: they are chosen by name. */
export const BY_NAME = "";

type Chosen = ReadonlyMap<string, string>;

/** @param most units that one buyer can take, besides the stock */
export function useSelection(variants: readonly Variant[], most = Number.POSITIVE_INFINITY): Selection {
  const chosen = useSignal<Chosen>(new Map());
  const quantity = useSignal(1);
  const names = optionNames(variants);
  const variant =
    variants.length === 1
      ? variants[0]
      : variants.find((candidate) => names.every((name) => valueOf(candidate, name) === (chosen.value.get(name) ?? "")));
  const options = variants.length === 1 ? [] : names.map((name) => ({ name, values: valuesOf(variants, name, chosen.value, select) }));
  return {
    variant,
    options,
    missing: variant ? undefined : names.find((name) => !chosen.value.has(name)),
    quantity: Math.max(1, Math.min(quantity.value, most, variant?.stock ?? Number.POSITIVE_INFINITY)),
    setQuantity: (wanted) => (quantity.value = wanted),
  };

  /** Keeps those other values with which a variant exists. */
  function select(name: string, value: string): void {
    const kept = new Map([[name, value]]);
    for (const [other, candidate] of chosen.value) {
      const together = new Map([...kept, [other, kept.get(other) ?? candidate]]);
      if (variants.some((variant) => matches(variant, together))) kept.set(other, together.get(other) as string);
    }
    chosen.value = kept;
  }
}

function optionNames(variants: readonly Variant[]): string[] {
  const names = [...new Set(variants.flatMap(({ options }) => Object.keys(options)))];
  return names.length > 0 ? names : [BY_NAME];
}

const valueOf = ({ name, options }: Variant, option: string): string => (option === BY_NAME ? name : (options[option] ?? ""));

const matches = (variant: Variant, values: Chosen): boolean => [...values].every(([name, value]) => valueOf(variant, name) === value);

function valuesOf(variants: readonly Variant[], name: string, chosen: Chosen, choose: (name: string, value: string) => void): OptionValue[] {
  const values = [...new Set(variants.map((variant) => valueOf(variant, name)))].filter((value) => value !== "");
  const others = new Map([...chosen].filter(([other]) => other !== name));
  const cheapest = lowest(variants.filter((variant) => matches(variant, others)));
  return values.map((value) => {
    const all = variants.filter((variant) => valueOf(variant, name) === value);
    const here = all.filter((variant) => matches(variant, new Map([...others, [name, value]])));
    const isGone = all.every(({ stock }) => stock === 0);
    return {
      value,
      isChosen: chosen.get(name) === value,
      isGone,
      isGoneHere: !isGone && here.length > 0 && here.every(({ stock }) => stock === 0),
      surcharge: Math.max(0, lowest(here.length > 0 ? here : all) - cheapest) || 0,
      choose: () => choose(name, value),
    };
  });
}

/** NaN if no price is known. */
function lowest(variants: readonly Variant[]): number {
  const prices = variants.flatMap(({ price }) => (price === null ? [] : [price]));
  return prices.length === 0 ? Number.NaN : Math.min(...prices);
}
