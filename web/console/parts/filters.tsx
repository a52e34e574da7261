// The filters above a list: a search, a choice, and others as children.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { t } from "../words/words.ts";

type FiltersProps = {
  search?: { label: string; value: string; hint?: string; find: (text: string) => void };
  choice?: { label: string; value: string; options: (readonly [value: string, word: string])[]; choose: (value: string) => void };
  children?: ComponentChildren;
};

export function Filters({ search, choice, children }: FiltersProps) {
  const text = useSignal(search?.value ?? "");
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
      {choice && (
        <label class="field">
          <span class="field-label">{choice.label}</span>
          <select value={choice.value} onChange={({ currentTarget }) => choice.choose(currentTarget.value)}>
            <option value="">{t.value.all}</option>
            {choice.options.map(([value, word]) => (
              <option key={value} value={value}>
                {word}
              </option>
            ))}
          </select>
        </label>
      )}
      {children}
      {search && (
        <button class="button small" type="submit">
          {t.value.search}
        </button>
      )}
    </form>
  );
}
