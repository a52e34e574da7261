// The copy of a drop in a rehearsal.

import { randomBytes } from "node:crypto";
import { createDrop } from "../drop/create-drop.ts";
import type { Drop } from "../drop/drop.ts";
import { stockFinder } from "../drop/drop-commands.ts";
import { dropOf, selectDrops } from "../drop/drop.sql.ts";
import { type ReportRow, selectReport } from "../drop/report.sql.ts";
import { closeDrop } from "../drop/steer-drop.ts";
import type { Database } from "../database/pool.ts";
import { durationMs } from "../env.ts";
import { refuse } from "../refusal.ts";
import type { RehearsedDrop } from "./crowd-messages.ts";
import { type FixtureOptions, rehearsedName } from "./rehearsal-fixture.ts";
import type { DropOutcome, DropPlan, Plan } from "./rehearsal.ts";
import { updateRehearsal } from "./rehearsal.sql.ts";

/** How a crowd behaves at a drop: percentages of those who hold units, and of people. */
export type CrowdHabits = { giveUpPercent: number; manyAccountsPercent: number };

/** The longest hold of a rehearsal: it passes on units while its operator watches. */
const HOLD_MAX = "PT5S";
/** From the last arrival to the close of a draw, and from the close to the draw at most. */
const DRAW_CLOSES_AFTER_MS = 3000;
const DRAWN_WITHIN_MS = 60_000;

/** The drop to copy. Errors: DROP_NOT_FOUND, also for the copy of another rehearsal. */
export async function originalDrop(database: Database, dropId: string): Promise<Drop> {
  const [row] = await database.rows<Record<string, unknown>>(selectDrops([dropId]));
  const drop = row && dropOf(row);
  if (!drop || drop.rehearsalId !== null) refuse("DROP_NOT_FOUND", { dropId });
  return drop;
}

export function dropPlan({ name, mode, limitPerCustomer, holdFor, waitlist }: Drop, habits: CrowdHabits): DropPlan {
  const isLong = (durationMs(holdFor ?? "") ?? 0) > (durationMs(HOLD_MAX) ?? 0);
  return { name, mode, limitPerCustomer, holdFor: isLong ? HOLD_MAX : holdFor, waitlist, ...habits };
}

/** Copies the drop for the copied product, to open at `opensAt` (ms), and stores the copy's id. */
export async function copyDrop(
  { till, database, config }: FixtureOptions,
  { id, productId, opensAt, plan }: { id: string; productId: string; opensAt: number; plan: Plan & { drop: DropPlan } },
): Promise<RehearsedDrop> {
  const { name, mode, limitPerCustomer, holdFor, waitlist, giveUpPercent } = plan.drop;
  const takesMs = plan.arriveWithinMs + DRAW_CLOSES_AFTER_MS;
  const closesAt = mode === "DRAW" ? opensAt + takesMs : null;
  const terms = { name: rehearsedName(config, name), opensAt, closesAt, limitPerCustomer, holdFor, waitlist, publicValueSource: null, metadata: {} };
  const seed = randomBytes(32).toString("hex");
  const copy = await till.submit(createDrop(database), { productId, mode, terms, seed, rehearsalId: id });
  await database.rows(updateRehearsal(id, { dropId: copy.id }));
  return { id: copy.id, mode, holdMs: durationMs(holdFor ?? "") ?? 0, drawWithinMs: takesMs + DRAWN_WITHIN_MS, giveUpPercent };
}

/** Ends the holds and the line of a copy. */
export async function closeCopy({ till, database }: FixtureOptions, dropId: string): Promise<void> {
  await till.submit(closeDrop(stockFinder(database)), { dropId });
}

/** The figures of a copy before its orders are undone. */
export async function outcomeOf(database: Database, dropId: string, now: number): Promise<DropOutcome | null> {
  const [row] = await database.rows<ReportRow>(selectReport(dropId, now));
  if (!row) return null;
  const { sold, soldOutAfterMs, entries } = row;
  return { sold, soldOutAfterMs, holdsLapsed: entries["LAPSED"] ?? 0, entries };
}
