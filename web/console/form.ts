// A form for an object of the shop. It starts with the shop's values, sends only the fields that the operator changed,
// and names the version that the changes are based on.

import { type Signal, signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { isRefusal } from "#client";

/** A field that changed in the shop after the form had loaded it. */
export type Conflict<Field extends string> = {
  field: Field;
  /** The operator's value; null if the operator did not change this field. */
  typed: string | null;
  /** The shop's value. */
  current: string;
};

export type Changes<Field extends string> = Partial<Record<Field, string>>;

/** Sends the changes. @param key an idempotency key for this version @param base the fields of this version */
export type SendChanges<Field extends string> = (
  changes: Changes<Field>,
  version: number | undefined,
  key: string,
  base: Record<Field, string>,
) => Promise<unknown>;

export type Form<Field extends string, Item> = {
  fields: Record<Field, Signal<string>>;
  /** Changes in the shop that the operator has to see before the form is saved. */
  conflicts: Signal<Conflict<Field>[]>;
  /** The field's text as it is compared and sent. */
  textOf: (field: Field) => string;
  /** Starts again with the loaded object. A dialog calls it each time that it opens. */
  reset: () => void;
  /** Takes over a newly loaded object. Fields that the operator changed keep their value, and differences become conflicts. */
  follow: () => void;
  /**
   * Sends the changes, if there are any. After VERSION_CONFLICT the form continues from the shop's current object: without a difference in
   * its own fields it sends again, else it fills `conflicts`.
   * Errors: those of `send`; VERSION_CONFLICT if the operator has to decide.
   * @param itemIn finds the form's object in the `current` of the refusal
   */
  save: (key: string, send: SendChanges<Field>, itemIn: (current: unknown) => Item | undefined) => Promise<void>;
};

type Normal = (field: string, text: string) => string;

/**
 * @param fieldsOf the text of each field for an object of the shop
 * @param normal gives texts that mean the same the same form
 */
export function useForm<Field extends string, Item extends { version?: number }>(
  item: Item,
  fieldsOf: (item: Item) => Record<Field, string>,
  normal: Normal = (_field, text) => text.trim(),
): Form<Field, Item> {
  const latest = useRef(item);
  latest.current = item;
  const form = useRef<Form<Field, Item>>(undefined);
  return (form.current ??= formOf(() => latest.current, fieldsOf, normal));
}

function formOf<Field extends string, Item extends { version?: number }>(
  loaded: () => Item,
  fieldsOf: (item: Item) => Record<Field, string>,
  normal: Normal,
): Form<Field, Item> {
  let base = fieldsOf(loaded());
  let version = loaded().version;
  const names = Object.keys(base) as Field[];
  const fields = Object.fromEntries(names.map((name) => [name, signal(base[name])])) as Record<Field, Signal<string>>;
  const conflicts = signal<Conflict<Field>[]>([]);
  const valueOf = (name: Field): string => normal(name, fields[name].peek());
  const isChanged = (name: Field): boolean => valueOf(name) !== normal(name, base[name]);
  const changes = (): Changes<Field> => Object.fromEntries(names.filter(isChanged).map((name) => [name, valueOf(name)])) as Changes<Field>;

  /** Continues from another state of the object. Returns the fields in which the shop differs from the form. */
  const rebase = (item: Item): Conflict<Field>[] => {
    const next = { ...base, ...fieldsOf(item) };
    const found = names.flatMap((field) => {
      const typed = isChanged(field) ? valueOf(field) : null;
      const current = normal(field, next[field]);
      if (typed === null) fields[field].value = next[field];
      return current === normal(field, base[field]) || current === typed ? [] : [{ field, typed, current }];
    });
    base = next;
    version = item.version;
    return found;
  };
  const show = (found: Conflict<Field>[]): void => {
    conflicts.value = [...conflicts.peek().filter(({ field }) => !found.some((newer) => newer.field === field)), ...found];
  };

  return {
    fields,
    conflicts,
    textOf: (field) => normal(field, fields[field].value),
    reset() {
      conflicts.value = [];
      base = { ...base, ...fieldsOf(loaded()) };
      version = loaded().version;
      for (const name of names) fields[name].value = base[name];
    },
    follow: () => show(rebase(loaded()).filter(({ typed }) => typed !== null)),
    async save(key, send, itemIn) {
      while (Object.keys(changes()).length > 0) {
        try {
          await send(changes(), version, `${key}-${version}`, base);
          break;
        } catch (error) {
          const current = isRefusal(error, "VERSION_CONFLICT") ? itemIn(error.problem["current"]) : undefined;
          if (current === undefined || current.version === version) throw error;
          const found = rebase(current);
          if (found.length === 0) continue;
          show(found);
          throw error;
        }
      }
      conflicts.value = [];
    },
  };
}
