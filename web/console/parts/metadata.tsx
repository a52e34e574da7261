// The shop's own data on a product or a variant, and a product's tags.

import type { Signal } from "@preact/signals";
import { ENTRIES_MAX, entriesIn, type Entry, KEY_MAX, TAG_MAX, TAGS_MAX, tagsIn, VALUE_MAX } from "../product-fields.ts";
import { p } from "../words/products.ts";
import { t } from "../words/words.ts";
import { Field } from "./parts.tsx";

type MetadataProps = { value: string; change: (text: string) => void; hint: string; path?: string };

export function Metadata({ value, change: changeAll, hint, path = "/metadata" }: MetadataProps) {
  const entries = entriesIn(value);
  const set = (next: Entry[]): void => changeAll(JSON.stringify(next));
  const change = (i: number, next: Partial<Entry>): void => set(entries.map((entry, other) => (other === i ? { ...entry, ...next } : entry)));
  const isTwice = (i: number): boolean => entries.some(({ key }, other) => other < i && key === entries[i]?.key);
  return (
    <fieldset class="rows">
      <legend>
        {p.value.metadata} <span class="field-hint">{hint}</span>
      </legend>
      {entries.map((entry, i) => (
        <div key={i} class="row-fields entry-row">
          <Field label={p.value.key(i + 1)}>
            <input
              ref={(input) => input?.setCustomValidity(isTwice(i) ? p.value.keyTwice : "")}
              required
              maxLength={KEY_MAX}
              value={entry.key}
              onInput={({ currentTarget }) => change(i, { key: currentTarget.value })}
            />
          </Field>
          <Field label={p.value.value(i + 1)} path={`${path}/${entry.key}`}>
            <input maxLength={VALUE_MAX} value={entry.value} onInput={({ currentTarget }) => change(i, { value: currentTarget.value })} />
          </Field>
          <button
            type="button"
            class="button small quiet"
            aria-label={p.value.removeEntry(i + 1)}
            onClick={() => set(entries.filter((_, other) => other !== i))}
          >
            {t.value.remove}
          </button>
        </div>
      ))}
      {entries.length < ENTRIES_MAX && (
        <button type="button" class="button small quiet" onClick={() => set([...entries, { key: "", value: "" }])}>
          {p.value.anotherEntry}
        </button>
      )}
    </fieldset>
  );
}

export function TagsField({ value }: { value: Signal<string> }) {
  const tags = tagsIn(value.value);
  const wrong = tags.length > TAGS_MAX ? p.value.tooManyTags(TAGS_MAX) : tags.some((tag) => tag.length > TAG_MAX) ? p.value.longTag(TAG_MAX) : "";
  return (
    <Field label={p.value.tags} hint={p.value.tagsHint} path="/tags">
      <textarea
        ref={(area) => area?.setCustomValidity(wrong)}
        rows={Math.min(6, Math.max(2, tags.length + 1))}
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.value)}
      />
    </Field>
  );
}
