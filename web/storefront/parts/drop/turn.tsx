// Tells a waiting buyer whose tab is in the background that the turn has come, because a hold lasts for minutes only.

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { localName } from "../../names.ts";
import { to } from "../../router.ts";
import { t } from "../../words/words.ts";
import { Icon } from "../icon.tsx";
import { mayAskToNotify, tell } from "../tell.ts";
import type { Entry } from "./drop-data.ts";

/** @param name the drop's; undefined while it is loading */
export function useTurn(dropId: string, name: string | undefined, entry: Entry | null | undefined): void {
  const before = useRef<Entry["status"]>(undefined);
  useEffect(() => {
    const hasTurn = before.current === "WAITING" && entry?.status === "HELD";
    before.current = entry?.status;
    // A page that the visitor looks at shows it already.
    if (!hasTurn || name === undefined || document.visibilityState === "visible") return;
    tell({ words: t.value.stripHeld(localName(name)), mark: t.value.turnMark, path: to(`/drops/${dropId}`), show: () => {} });
  }, [entry?.status]);
}

/** Asks the browser for notifications, until the visitor has answered. */
export function AskForTurn({ words }: { words: string }) {
  const isShown = useSignal(mayAskToNotify());
  if (!isShown.value) return null;
  const ask = async (): Promise<void> => {
    await Notification.requestPermission();
    isShown.value = mayAskToNotify();
  };
  return (
    <button type="button" class="button small quiet" onClick={() => void ask()}>
      <Icon name="bell" />
      {words}
    </button>
  );
}
