// The signed-in session, stored in the browser and shared by all tabs.

import { effect, type Signal, signal } from "@preact/signals";
import { readStored, removeStored, store } from "./storage.ts";

export type StoredSession<Session> = {
  session: Signal<Session | null>;
  /** Reads the stored session again, and returns it: another tab may have changed it. */
  refresh: () => Session | null;
  start: (session: Session) => void;
  end: () => void;
  /** Ends the session of this token; a newer session stays. Returns whether the session was this token's. */
  endOf: (token: string) => boolean;
};

/** @param parse returns null if the text is not a session */
export function storedSession<Session extends { token: string }>(
  key: string,
  parse: (text: string | null) => Session | null,
): StoredSession<Session> {
  let text = readStored("localStorage", key);
  const session = signal<Session | null>(parse(text));

  const refresh = (): Session | null => {
    const now = readStored("localStorage", key);
    if (now !== text) {
      text = now;
      session.value = parse(now);
    }
    return session.peek();
  };
  addEventListener("storage", (event) => {
    if (event.key === key || event.key === null) refresh();
  });
  // A page that was frozen, or comes from the history, missed the storage events. These listeners run before those of the pages.
  for (const event of ["pageshow", "online", "focus"]) addEventListener(event, refresh);
  document.addEventListener("visibilitychange", refresh);

  const end = (): void => {
    removeStored("localStorage", key);
    refresh();
  };
  return {
    session,
    refresh,
    start(created) {
      store("localStorage", key, JSON.stringify(created));
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

/** Calls `listener` each time that another user takes over the page, or the user leaves it. */
export function onOwnerChange(ownerOf: () => string | undefined, listener: () => void): void {
  let owner = ownerOf();
  effect(() => {
    const next = ownerOf();
    if (next === owner) return;
    owner = next;
    listener();
  });
}
