import { formatMoney } from "../../shared/languages.ts";
import { t } from "../words/words.ts";
import { BY_NAME, type OptionValue, type Selection } from "./selection.ts";
import { localName } from "../names.ts";

/** A choice for each option of the variants. `isAsked`: the buyer pressed a button before the choice was complete. */
export function VariantOptions({ selection, isAsked }: { selection: Selection; isAsked: boolean }) {
  return (
    <>
      {selection.options.map(({ name, values }) => (
        <Choice key={name} name={labelOf(name)} values={values} isMissing={isAsked && selection.missing === name} />
      ))}
    </>
  );
}

/** Leads the keyboard to the option that is missing, once it is shown as missing. */
export function focusMissing(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(".choice.missing input")?.focus());
}

/** Color and size in the visitor's language; any other option as the shop calls it. */
function labelOf(option: string): string {
  if (option === BY_NAME) return t.value.options;
  const known: Record<string, string> = { color: t.value.color, size: t.value.size };
  return Object.hasOwn(known, option.toLowerCase()) ? (known[option.toLowerCase()] as string) : option;
}

function Choice({ name, values, isMissing }: { name: string; values: OptionValue[]; isMissing: boolean }) {
  return (
    <fieldset class={`choice ${isMissing ? "missing" : ""}`}>
      <legend>
        <bdi>{name}</bdi>
        {isMissing && <span class="row-warning"> {t.value.choosePlease}</span>}
      </legend>
      <div class="choice-row">
        {values.map(({ value, isChosen, isGone, isGoneHere, surcharge, choose }) => (
          <label key={value} class={isGone ? "gone" : isGoneHere ? "gone-here" : ""}>
            <input type="radio" name={`choice-${name}`} checked={isChosen} onChange={choose} />
            <span>
              <bdi>{localName(value)}</bdi>
              {surcharge > 0 && <small class="number">+{formatMoney(surcharge)}</small>}
              {isGoneHere && <small>{t.value.soldOut}</small>}
              {isGone && <span class="visually-hidden"> ({t.value.soldOut})</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
