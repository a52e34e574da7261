// Faulty rows of bulk requests that are all or nothing.

import { refuse, type RefusalCode, type RefusalDetails } from "../refusal.ts";

/** `path` is a JSON pointer to the row or its field. `details` are those of a refusal for this row alone. */
export type RowFault = { path: string; code: RefusalCode; message: string; details: RefusalDetails };

/** Most faulty rows that a refusal names. */
const MOST_NAMED = 20;

/**
 * Refuses with the code that is checked first, and names the first faulty rows of any code.
 * @param order the codes in the order in which they are checked
 */
export function refuseRows(faults: readonly RowFault[], order: readonly RefusalCode[]): never {
  const [worst] = faults.toSorted((a, b) => order.indexOf(a.code) - order.indexOf(b.code)) as [RowFault];
  const errors = faults.slice(0, MOST_NAMED).map(({ path, message }) => ({ path, message }));
  refuse(worst.code, { ...worst.details, errors, faultyRows: faults.length });
}
