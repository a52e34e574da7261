// The terms of a drop that gives holds: how long, whether others wait in line, and the public value of a draw.

import type { Signal } from "@preact/signals";
import { d } from "../words/drops.ts";
import { NumberField, TextField } from "./fields.tsx";
import { Field } from "./parts.tsx";

/** The shop's limits. */
const HOLD_MAX_MINUTES = 30 * 24 * 60;
const SOURCE_MAX = 1000;

type HoldFieldsProps = {
  mode: "DIRECT" | "FIRST_COME" | "DRAW";
  minutes: Signal<string>;
  source: Signal<string>;
  waitlist: boolean;
  setWaitlist: (waitlist: boolean) => void;
};

export function HoldFields({ mode, minutes, source, waitlist, setWaitlist }: HoldFieldsProps) {
  if (mode === "DIRECT") return null;
  return (
    <>
      <NumberField
        label={`${d.value.hold} (${d.value.minutes})`}
        value={minutes}
        min={1}
        max={HOLD_MAX_MINUTES}
        hint={d.value.holdHint}
        path="/holdFor"
      />
      <Field label={d.value.waitlist}>
        <span class="check">
          <input type="checkbox" checked={waitlist} onChange={({ currentTarget }) => setWaitlist(currentTarget.checked)} />
          {d.value.waitlistWords}
        </span>
      </Field>
      {mode === "DRAW" && (
        <TextField
          label={d.value.publicValueSource}
          hint={d.value.publicValueSourceHint}
          value={source}
          max={SOURCE_MAX}
          path="/publicValueSource"
          optional
        />
      )}
    </>
  );
}
