import { t } from "../words/words.ts";
import type { Conflict, Form } from "../form.ts";
import { Notice } from "./parts.tsx";

type ConflictsProps<Field extends string> = {
  form: Pick<Form<Field, never>, "fields" | "conflicts" | "textOf">;
  label: (field: Field) => string;
  format?: (field: Field, value: string) => string;
};

/** Fields that another operator changed in the meantime. For a field that this operator changed too, the operator chooses one of the two values. */
export function Conflicts<Field extends string>({ form, label, format = (_field, value) => value }: ConflictsProps<Field>) {
  const conflicts = form.conflicts.value;
  if (conflicts.length === 0) return null;
  const words = ({ field }: Conflict<Field>, value: string): string => (value === "" ? "–" : format(field, value));
  return (
    <Notice kind="warn">
      <p>{t.value.changedInShop}</p>
      {conflicts.map((conflict) => {
        const { field, typed, current } = conflict;
        if (typed === null)
          return (
            <p key={field}>
              {label(field)}: <bdi>{t.value.currentValue(words(conflict, current))}</bdi>
            </p>
          );
        const value = form.fields[field];
        return (
          <fieldset key={field} class="conflict">
            <legend>{label(field)}</legend>
            <label class="check">
              <input type="radio" name={`conflict-${field}`} checked={form.textOf(field) === typed} onChange={() => (value.value = typed)} />
              <bdi>{t.value.typedValue(words(conflict, typed))}</bdi>
            </label>
            <label class="check">
              <input type="radio" name={`conflict-${field}`} checked={form.textOf(field) === current} onChange={() => (value.value = current)} />
              <bdi>{t.value.currentValue(words(conflict, current))}</bdi>
            </label>
          </fieldset>
        );
      })}
    </Notice>
  );
}
