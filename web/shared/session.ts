// The session of a page: kept in the browser, and the same in all tabs.

import { effect, type Signal, signal } from "@preact/signals";
import { dropKept, keep, readKept } from "./storage.ts";

export type KeptSession<Session> = {
  session: Signal<Session | null>;
  /** Reads what another tab has signed in or out. */
  refresh: () => Session | null;
  begin: (session: Session) => void;
  end: () => void;
  /** Ends the session of this token; a newer one stays. Whether this page was in it. */
  endOf: (token: string) => boolean;
};

/** @param read nothing if the text is no session */
export function keepSession<Session extends { token: string }>(key: string, read: (kept: string | null) => Session | null): KeptSession<Session> {
  let text = readKept("localStorage", key);
  const session = signal<Session | null>(read(text));

  const refresh = (): Session | null => {
    const now = readKept("localStorage", key);
    if (now !== text) {
      text = now;
      session.value = read(now);
    }
    return session.peek();
  };
  addEventListener("storage", (event) => {
    if (event.key === key || event.key === null) refresh();
  });
  // A page that was frozen, or comes out of the history, was told of nothing. These listeners run before those of the pages.
  for (const event of ["pageshow", "online", "focus"]) addEventListener(event, refresh);
  document.addEventListener("visibilitychange", refresh);

  const end = (): void => {
    dropKept("localStorage", key);
    refresh();
  };
  return {
    session,
    refresh,
    begin(made) {
      keep("localStorage", key, JSON.stringify(made));
      refresh();
    },
    end,
    endOf(token) {
      if (refresh()?.token !== token) return false;
      end();
      return true;
    },
  };
}

/** Calls `forget` each time another user takes the page over, or the user leaves it. */
export function onOwnerChange(ownerOf: () => string | undefined, forget: () => void): void {
  let owner = ownerOf();
  effect(() => {
    const next = ownerOf();
    if (next === owner) return;
    owner = next;
    forget();
  });
}
