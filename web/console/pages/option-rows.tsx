import type { Signal } from "@preact/signals";
import { Field } from "../parts/parts.tsx";
import type { OptionRow } from "../variants.ts";
import { t } from "../words/words.ts";

const MAX_OPTIONS = 4;

/** The options of a new product: their names, and the values of each. */
export function OptionRows({ rows }: { rows: Signal<OptionRow[]> }) {
  const change = (i: number, next: Partial<OptionRow>): void =>
    void (rows.value = rows.value.map((row, other) => (other === i ? { ...row, ...next } : row)));
  return (
    <fieldset class="option-rows">
      <legend>{t.value.options}</legend>
      {rows.value.map((row, i) => (
        <div key={i} class="option-row">
          <Field label={t.value.optionName(i + 1)}>
            <input required maxLength={100} value={row.name} onInput={({ currentTarget }) => change(i, { name: currentTarget.value })} />
          </Field>
          <Field label={t.value.optionValues(i + 1)}>
            <input
              required
              maxLength={4000}
              placeholder={i === 0 ? t.value.valuesHint : ""}
              value={row.values}
              onInput={({ currentTarget }) => change(i, { values: currentTarget.value })}
            />
          </Field>
          {rows.value.length > 1 && (
            <button
              type="button"
              class="button small quiet"
              aria-label={t.value.removeOption(i + 1)}
              onClick={() => (rows.value = rows.value.filter((_, other) => other !== i))}
            >
              {t.value.remove}
            </button>
          )}
        </div>
      ))}
      {rows.value.length < MAX_OPTIONS && (
        <button type="button" class="button small quiet" onClick={() => (rows.value = [...rows.value, { name: "", values: "" }])}>
          {t.value.anotherOption}
        </button>
      )}
    </fieldset>
  );
}
