// Form fields. Their limits are HTML attributes, so the browser reports a wrong value at its field, in the operator's language.

import type { Signal } from "@preact/signals";
import { timeZone } from "../../shared/languages.ts";
import { t } from "../words/words.ts";
import { Field } from "./parts.tsx";

type FieldProps = { label: string; value: Signal<string>; hint?: string | undefined; optional?: boolean; path?: string | undefined };

/** The shop's limits. */
const NAME_MAX = 300;
const REASON_MAX = 500;
const MONEY_MAX = 1_000_000_000_000;

/** The shop refuses blank text. */
const NOT_BLANK = ".*\\S.*";

export function TextField({
  label,
  value,
  hint,
  optional = false,
  max = NAME_MAX,
  placeholder,
  path,
}: FieldProps & { max?: number; placeholder?: string }) {
  return (
    <Field label={label} path={path} {...(hint === undefined ? {} : { hint })}>
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

export function ReasonField(props: FieldProps & { placeholder?: string }) {
  return <TextField {...props} max={REASON_MAX} />;
}

/** A reason that the customer reads; other reasons are shown to operators only. */
export function CustomerReasonField({ value }: { value: Signal<string> }) {
  return <TextField label={t.value.customerReason} hint={t.value.customerReasonHint} value={value} max={REASON_MAX} optional />;
}

export function TextArea({ label, value, rows, max, path }: { label: string; value: Signal<string>; rows: number; max: number; path?: string }) {
  return (
    <Field label={label} path={path}>
      <textarea rows={rows} maxLength={max} value={value.value} onInput={({ currentTarget }) => (value.value = currentTarget.value)} />
    </Field>
  );
}

/** A whole number. */
export function NumberField({ label, value, hint, optional = false, min = 0, max = MONEY_MAX, path }: FieldProps & { min?: number; max?: number }) {
  return (
    <Field label={label} path={path} {...(hint === undefined ? {} : { hint })}>
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

/** The shop takes years of four digits. */
const FIRST_DAY = "1970-01-01";
const LAST_DAY = "9999-12-30";

type DateFieldProps = { label: string; value: string; min?: string | undefined; max?: string | undefined; change: (day: string) => void };

/** A day. The browser reports an invalid one at the field, and `change` is not called. */
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

/** A date and time in the shop's zone, like all times in the console. */
export function MomentField({ label, value, hint, optional = false, path }: FieldProps) {
  return (
    <Field label={label} path={path} hint={[timeZone.value, hint].filter(Boolean).join(" · ")}>
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

/** The text of such a field for an instant. */
export function wallTime(at: number | string): string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timeZone.value, dateStyle: "short", timeStyle: "short" });
  return format.format(new Date(at)).replace(" ", "T");
}

/** The instant of such a text; null if it is not a time, or if the clocks of the shop's zone skip it. */
export function momentOf(text: string): string | null {
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc)) return null;
  // The zone's offset depends on the instant itself, so the second guess uses the offset at the first one.
  let at = asUtc;
  for (let guess = 0; guess < 2; guess++) at = asUtc - (Date.parse(`${wallTime(at)}Z`) - at);
  return wallTime(at) === text.slice(0, 16) ? new Date(at).toISOString() : null;
}
