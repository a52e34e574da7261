// The filters above a list: a search, a choice, and others as children.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../words/words.ts";

type ChoiceProps = {
  label: string;
  value: string;
  options: (readonly [value: string, word: string])[];
  choose: (value: string) => void;
  none?: string;
};
/** Filters behind a button on a phone, because they would fill half of its window. The page keeps `isOpen` in its address. */
export type Fold = { active: number; isOpen: boolean; set: (isOpen: boolean) => void; clear: () => void };
type FiltersProps = {
  search?: { label: string; value: string; hint?: string; find: (text: string) => void };
  choice?: ChoiceProps;
  secondChoice?: ChoiceProps;
  fold?: Fold;
  children?: ComponentChildren;
};

export function Filters({ search, choice, secondChoice, fold, children }: FiltersProps) {
  const text = useSignal(search?.value ?? "");
  // "Back" and links change the address, and the field follows it.
  useEffect(() => void (text.value = search?.value ?? ""), [search?.value]);
  return (
    <form
      class="filters"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search?.find(text.value.trim());
      }}
    >
      {search && (
        <label class="field grow">
          <span class="field-label">{search.label}</span>
          <input
            type="search"
            value={text.value}
            placeholder={search.hint ?? ""}
            onInput={({ currentTarget }) => (text.value = currentTarget.value)}
          />
        </label>
      )}
      {search && (
        <button class="button small" type="submit">
          {t.value.search}
        </button>
      )}
      {fold && search && <FoldButton {...fold} />}
      <div id="filters" class={`filters-rest ${fold && search && !fold.isOpen ? "folded" : ""}`}>
        {choice && <Choice {...choice} />}
        {secondChoice && <Choice {...secondChoice} />}
        {children}
        {fold && fold.active > 0 && (
          <button type="button" class="button small quiet" onClick={fold.clear}>
            {t.value.clearFilters}
          </button>
        )}
      </div>
    </form>
  );
}

function FoldButton({ active, isOpen, set }: Fold) {
  return (
    <button type="button" class="button small quiet fold-button" aria-expanded={isOpen} aria-controls="filters" onClick={() => set(!isOpen)}>
      {active === 0 ? t.value.filters : t.value.filtersActive(active)} <span aria-hidden="true">{isOpen ? "▴" : "▾"}</span>
    </button>
  );
}

/** @param none the words for no choice */
function Choice({ label, value, options, choose, none = t.value.all }: ChoiceProps) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      <select value={value} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="">{none}</option>
        {options.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
