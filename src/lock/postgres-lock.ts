import type { Admission, FirstComeLock } from "./lock.ts";
import { firstComeLock } from "./first-come.ts";

/** PostgreSQL's advisory locks: taken and let go by the round's own transaction, so there is nothing to do before or after. */
export const postgresLock: FirstComeLock = {
  async admit(keys: string[]): Promise<Admission> {
    return { statement: firstComeLock(keys), leave() {} };
  },
};
