// The events of a simulated drop, as plain data, which fast-check generates from a seed and shrinks.

import fc from "fast-check";
import type { Mishap, Step } from "../../../support/memory-store.ts";
import type { Mode } from "./drop-model.ts";

export type DropEvent =
  | { ask: "enter" | "order"; user: number; variant: number; quantity: number; at: number }
  | { ask: "leave"; user: number; at: number }
  | { ask: "cancel"; order: number; at: number }
  | { ask: "add stock"; variant: number; units: number; at: number }
  | { ask: "lapse" | "pause" | "resume" | "close" | "draw"; at: number }
  | { pause: number }
  | { clock: "a hold" | "before a hold ends" | "the close" }
  | { mishap: Mishap; at: Step["name"]; times: number };

const user = fc.nat(6);
const variant = fc.nat(1);
const quantity = fc.integer({ min: 1, max: 3 });
const at = fc.nat(1);
const ask = <Name extends string>(name: Name) => fc.constant(name);
const faults = {
  lock: ["timeout", "conflict", "unavailable"],
  commit: ["timeout", "conflict", "rejected", "lost but committed", "lost and abandoned"],
  outcome: ["unavailable"],
} as const;

const event: fc.Arbitrary<DropEvent> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ ask: ask("enter"), user, variant, quantity, at }) },
  { weight: 9, arbitrary: fc.record({ ask: ask("order"), user, variant, quantity, at }) },
  { weight: 4, arbitrary: fc.record({ ask: ask("leave"), user, at }) },
  { weight: 4, arbitrary: fc.record({ ask: ask("cancel"), order: fc.nat(7), at }) },
  { weight: 2, arbitrary: fc.record({ ask: ask("add stock"), variant, units: fc.integer({ min: 1, max: 2 }), at }) },
  { weight: 5, arbitrary: fc.record({ ask: ask("lapse"), at }) },
  { weight: 2, arbitrary: fc.record({ ask: fc.constantFrom("pause" as const, "resume" as const, "resume" as const), at }) },
  { weight: 3, arbitrary: fc.record({ ask: ask("draw"), at }) },
  { weight: 9, arbitrary: fc.record({ pause: fc.integer({ min: 0, max: 20 }) }) },
  { weight: 4, arbitrary: fc.record({ clock: fc.constantFrom("a hold" as const, "a hold" as const, "before a hold ends" as const) }) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      { weight: 1, arbitrary: fc.record({ ask: ask("close"), at }) },
      { weight: 4, arbitrary: fc.record({ clock: ask("the close") }) },
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom<Step["name"]>("lock", "commit", "outcome")
      .chain((step) => fc.record({ mishap: fc.constantFrom<Mishap>(...faults[step]), at: fc.constant(step), times: fc.integer({ min: 1, max: 3 }) })),
  },
);

export const history = fc.record({
  mode: fc.constantFrom<Mode>("FIRST_COME", "FIRST_COME", "DRAW"),
  stock: fc.tuple(fc.nat(4), fc.nat(3)),
  events: fc.array(event, { maxLength: 200, size: "max" }),
});
export type DropHistory = { mode: Mode; stock: [number, number]; events: DropEvent[] };
