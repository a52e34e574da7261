// Tells a visitor urgent news: in the page, or, while the page is in the background, by the tab's title and, if the visitor
// allows it, by the browser's notification.

import { signal } from "@preact/signals";
import { navigate } from "../router.ts";

/** The beginning of the tab's title, until the visitor looks at the page. */
export const titleMark = signal("");

type Told = {
  words: string;
  /** The mark of the tab's title. */
  mark: string;
  /** Where the notification leads. */
  path: string;
  /** Shows it in the page, once the visitor looks at it. */
  show: () => void;
};

export function tell({ words, mark, path, show }: Told): void {
  if (document.visibilityState === "visible") return show();
  titleMark.value = mark;
  notify(words, path);
  const look = (): void => {
    titleMark.value = "";
    show();
  };
  document.addEventListener("visibilitychange", look, { once: true });
}

export const mayAskToNotify = (): boolean => "Notification" in globalThis && Notification.permission === "default";

/** Some browsers of phones know no notification by a page; the title and the page tell it there. */
function notify(words: string, path: string): void {
  try {
    if (Notification.permission !== "granted") return;
    const notification = new Notification(words, { tag: path });
    notification.addEventListener("click", () => {
      focus();
      notification.close();
      navigate(path);
    });
  } catch {
    // No notification.
  }
}
