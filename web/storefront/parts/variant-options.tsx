import type { Variant } from "#client";
import { t } from "../words/words.ts";

type VariantOptionsProps = { variants: readonly Variant[]; chosen: Variant | undefined; choose: (variant: Variant) => void };

/** A choice for each option of the variants. Variants without options are chosen by name. */
export function VariantOptions({ variants, chosen, choose }: VariantOptionsProps) {
  if (variants.length < 2) return null;
  const names = [...new Set(variants.flatMap(({ options }) => Object.keys(options)))];
  if (names.length === 0)
    return (
      <Choice
        name={t.value.options}
        choices={variants.map((variant) => ({
          value: variant.name,
          chosen: variant === chosen,
          gone: variant.stock === 0,
          choose: () => choose(variant),
        }))}
      />
    );
  return (
    <>
      {names.map((name) => {
        const values = [...new Set(variants.map(({ options }) => options[name] ?? ""))].filter((value) => value !== "");
        return (
          <Choice
            key={name}
            name={labelOf(name)}
            choices={values.map((value) => {
              const best = closest(variants, { ...chosen?.options, [name]: value }, name);
              return {
                value,
                chosen: chosen?.options[name] === value,
                gone: best === undefined || best.stock === 0,
                choose: () => best && choose(best),
              };
            })}
          />
        );
      })}
    </>
  );
}

/** Of the variants with the wanted value of this option, the one that matches the other wanted values best. */
function closest(variants: readonly Variant[], wanted: Record<string, string>, option: string): Variant | undefined {
  const matches = ({ options }: Variant): number => Object.entries(wanted).filter(([key, value]) => options[key] === value).length;
  return variants.filter(({ options }) => options[option] === wanted[option]).toSorted((a, b) => matches(b) - matches(a))[0];
}

/** Color and size in the visitor's language; any other option as the shop calls it. */
function labelOf(option: string): string {
  const known: Record<string, string> = { color: t.value.color, size: t.value.size };
  return Object.hasOwn(known, option.toLowerCase()) ? (known[option.toLowerCase()] as string) : option;
}

type Choices = { value: string; chosen: boolean; gone: boolean; choose: () => unknown }[];

function Choice({ name, choices }: { name: string; choices: Choices }) {
  return (
    <fieldset class="choice">
      <legend>
        <bdi>{name}</bdi>
      </legend>
      <div class="choice-row">
        {choices.map(({ value, chosen, gone, choose }) => (
          <label key={value} class={gone ? "gone" : ""}>
            <input type="radio" name={`choice-${name}`} checked={chosen} onChange={choose} />
            <span>
              <bdi>{value}</bdi>
              {gone && <span class="visually-hidden"> ({t.value.soldOut})</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
