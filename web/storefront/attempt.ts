// Actions of a signed-in user. An action is performed as the user who pressed the button, or not at all, even if another tab changes the session.

import { useRef } from "preact/hooks";
import { createShop, type Shop } from "#client";
import { type Attempt, PRESS_LASTS_MS, type Press, soonAfter, useAttempt as useAnyAttempt } from "../shared/attempt.ts";
import { fetchAndWatch, options } from "./api.ts";
import { currentSession, type Session } from "./session.ts";

export type ActionContext = {
  /** Idempotency key. */
  key: string;
  userId: string;
  /** Client with the token of the user who pressed. */
  shop: Shop;
  /** Whether the user who pressed still uses this page. */
  isCurrentUser: () => boolean;
};

/** `useAttempt` (shared/attempt.ts) for the user who opened the page. It does nothing for another user, and stores undecided actions by user. */
export function useAttempt<Args extends unknown[]>(work: (context: ActionContext, ...args: Args) => Promise<void>, storedAs?: string): Attempt<Args> {
  const userId = useRef(currentSession()?.userId).current;
  const isCurrentUser = (): boolean => userId !== undefined && currentSession()?.userId === userId;
  return useAnyAttempt(
    (press, ...args: Args) => {
      const session = currentSession() as Session;
      return work({ key: press.key, userId: session.userId, shop: shopOf(session, press), isCurrentUser }, ...args);
    },
    { allowed: isCurrentUser, storedAs: storedAs === undefined ? undefined : `${userId} ${storedAs}` },
  );
}

const shopOf = ({ token }: Session, press: Press): Shop =>
  createShop({ ...options, token: () => token, fetch: soonAfter(press, PRESS_LASTS_MS, fetchAndWatch) });
