// A form over something that is there already: it begins with what the shop has, and sends only what was changed.

import { type Signal, signal } from "@preact/signals";
import { useRef } from "preact/hooks";

export type Form<Field extends string> = {
  fields: Record<Field, Signal<string>>;
  /** Begins again with what is loaded; for a dialog, each time that it opens. */
  reset: () => void;
  /** Takes over what is loaded into the fields that were not changed; for a form that stays on its page. */
  follow: () => void;
  /** The fields that were changed, with what stands in them. */
  changed: () => Partial<Record<Field, string>>;
};

/** @param loaded each field as the shop has it, read when the form begins */
export function useForm<Field extends string>(loaded: () => Record<Field, string>): Form<Field> {
  const latest = useRef(loaded);
  latest.current = loaded;
  const kept = useRef<{ base: Record<Field, string>; fields: Record<Field, Signal<string>> }>(undefined);
  kept.current ??= { base: loaded(), fields: signalsOf(loaded()) };
  const state = kept.current;
  const names = Object.keys(state.base) as Field[];
  const isChanged = (name: Field): boolean => state.fields[name].peek().trim() !== state.base[name].trim();
  const take = (only: (name: Field) => boolean): void => {
    const next = latest.current();
    for (const name of names) if (only(name)) state.fields[name].value = next[name];
    state.base = next;
  };
  return {
    fields: state.fields,
    reset: () => take(() => true),
    follow: () => take((name) => !isChanged(name)),
    changed: () =>
      Object.fromEntries(names.filter(isChanged).map((name) => [name, state.fields[name].peek().trim()])) as Partial<Record<Field, string>>,
  };
}

function signalsOf<Field extends string>(values: Record<Field, string>): Record<Field, Signal<string>> {
  return Object.fromEntries(Object.entries<string>(values).map(([name, value]) => [name, signal(value)])) as Record<Field, Signal<string>>;
}
