// Fields of forms. What a field takes is said to the browser, which then names the field that is at fault, in the visitor's language.

import type { Signal } from "@preact/signals";
import { timeZone } from "../../shared/languages.ts";
import { t } from "../words/words.ts";
import { Field } from "./parts.tsx";

type FieldProps = { label: string; value: Signal<string>; hint?: string | undefined; optional?: boolean };

/** What the shop takes of names, reasons and money at most. */
const NAME_MAX = 300;
const REASON_MAX = 500;
const MONEY_MAX = 1_000_000_000_000;

/** Something with a letter in it: the shop refuses what is blank, and so does the field. */
const NOT_BLANK = ".*\\S.*";

export function TextField({
  label,
  value,
  hint,
  optional = false,
  max = NAME_MAX,
  placeholder,
}: FieldProps & { max?: number; placeholder?: string }) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      <input
        required={!optional}
        pattern={NOT_BLANK}
        maxLength={max}
        placeholder={placeholder ?? ""}
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.value)}
      />
    </Field>
  );
}

export function ReasonField({ label, value }: { label: string; value: Signal<string> }) {
  return <TextField label={label} value={value} max={REASON_MAX} />;
}

/** A whole number. */
export function NumberField({ label, value, hint, optional = false, min = 0, max = MONEY_MAX }: FieldProps & { min?: number; max?: number }) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      <input
        required={!optional}
        type="number"
        inputMode="numeric"
        min={min}
        max={max}
        step={1}
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.value)}
      />
    </Field>
  );
}

/** What the shop takes as a day: a year of four digits. */
const FIRST_DAY = "1970-01-01";
const LAST_DAY = "9999-12-30";

type DateFieldProps = { label: string; value: string; min?: string | undefined; max?: string | undefined; change: (day: string) => void };

/** A day. One that the shop would refuse is named at the field, and changes nothing. */
export function DateField({ label, value, min, max, change }: DateFieldProps) {
  return (
    <Field label={label}>
      <input
        type="date"
        value={value}
        min={min || FIRST_DAY}
        max={max || LAST_DAY}
        onChange={({ currentTarget }) => currentTarget.reportValidity() && change(currentTarget.value)}
      />
    </Field>
  );
}

/** A moment by the shop's clock on the wall, which is what the console shows everywhere. */
export function MomentField({ label, value, hint, optional = false }: FieldProps) {
  return (
    <Field label={label} hint={[timeZone.value, hint].filter(Boolean).join(" · ")}>
      <input
        ref={(input) => input?.setCustomValidity(value.value === "" || momentOf(value.value) !== null ? "" : t.value.noSuchTime(timeZone.value))}
        required={!optional}
        type="datetime-local"
        min={`${FIRST_DAY}T00:00`}
        max={`${LAST_DAY}T23:59`}
        value={value.value}
        onInput={({ currentTarget }) => (value.value = currentTarget.value)}
      />
    </Field>
  );
}

/** What stands in such a field, of a moment. */
export function onTheWall(at: number | string): string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timeZone.value, dateStyle: "short", timeStyle: "short" });
  return format.format(new Date(at)).replace(" ", "T");
}

/** And the moment that is meant by it; null if the clocks of the shop's zone skip it, or it is no time at all. */
export function momentOf(wall: string): string | null {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return null;
  // How far the zone is from UTC depends on the moment that is looked for: guessed, and guessed again from there.
  let at = asUtc;
  for (let guess = 0; guess < 2; guess++) at = asUtc - (Date.parse(`${onTheWall(at)}Z`) - at);
  return onTheWall(at) === wall.slice(0, 16) ? new Date(at).toISOString() : null;
}
