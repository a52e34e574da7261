// The people of a rehearsal, some of whom have several accounts.

import type { Plan } from "./rehearsal.ts";

/** Accounts of a person who has several. */
const ACCOUNTS_EACH = 3;

/** The person of each account, as numbers from 0. People with several accounts are spread over the crowd. */
export function personsOf({ buyers, drop }: Pick<Plan, "buyers" | "drop">): number[] {
  const percent = drop?.manyAccountsPercent ?? 0;
  return Array.from({ length: buyers }, (_, person) => person).flatMap((person) =>
    hasMany(person, percent) ? Array.from({ length: ACCOUNTS_EACH }, () => person) : [person],
  );
}

function hasMany(person: number, percent: number): boolean {
  return Math.floor(((person + 1) * percent) / 100) > Math.floor((person * percent) / 100);
}
