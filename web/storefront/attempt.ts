// What a signed-in user does with a button is done as that user, or not at all, whatever other tabs do meanwhile.

import { useRef } from "preact/hooks";
import { createShop, type Shop } from "#client";
import { type Attempt, PRESS_LASTS_MS, type Press, soonAfter, useAttempt as useAnyAttempt } from "../shared/attempt.ts";
import { listen, options } from "./api.ts";
import { type Session, sessionNow } from "./session.ts";

export type Mine = {
  key: string;
  userId: string;
  /** Calls the shop with the token of the user who pressed. */
  shop: Shop;
  /** Whether the user who pressed still uses this page. */
  here: () => boolean;
};

/** `useAttempt` (shared/attempt.ts) for the user who opened the page: it does nothing for another, and what it keeps is that user's. */
export function useAttempt<Given extends unknown[]>(work: (mine: Mine, ...given: Given) => Promise<void>, keptAs?: string): Attempt<Given> {
  const userId = useRef(sessionNow()?.userId).current;
  const here = (): boolean => userId !== undefined && sessionNow()?.userId === userId;
  return useAnyAttempt(
    (press, ...given: Given) => {
      const mine = sessionNow() as Session;
      return work({ key: press.key, userId: mine.userId, shop: shopOf(mine, press), here }, ...given);
    },
    { allowed: here, keptAs: keptAs === undefined ? undefined : `${userId} ${keptAs}` },
  );
}

const shopOf = ({ token }: Session, press: Press): Shop =>
  createShop({ ...options, token: () => token, fetch: soonAfter(press, PRESS_LASTS_MS, listen) });
