// Asks to be told when a sold-out product or drop can be bought again. An open page of the shop tells it: in the page, in the tab's title,
// and by the browser's notification if the page is in the background and the visitor allows it.

import { signal } from "@preact/signals";
import { navigate, to } from "../router.ts";
import { localName } from "../names.ts";
import { t } from "../words/words.ts";
import { Icon } from "./icon.tsx";
import { toast } from "./toasts.tsx";
import { addToList, isOnList, removeFromList, type Watched, watchList } from "./watched.ts";

/** The beginning of the tab's title, until the visitor looks at the page. */
export const titleMark = signal("");

export function Restock({ item }: { item: Watched }) {
  const isOn = isOnList(item);
  const ask = (): void => {
    addToList(item);
    if ("Notification" in globalThis && Notification.permission === "default") void Notification.requestPermission();
  };
  return (
    <div class="reminder">
      <button type="button" class="button quiet wide" aria-pressed={isOn} onClick={() => (isOn ? removeFromList(item) : ask())}>
        <Icon name={isOn ? "check" : "bell"} />
        {isOn ? t.value.restockOn : t.value.restockAsk}
      </button>
      <p class="muted center" role="status">
        {isOn ? t.value.restockOnHint : t.value.restockHint}
      </p>
    </div>
  );
}

/** Call once. */
export function tellRestocks(): void {
  watchList((item) => {
    const path = to(`/${item.kind}/${item.id}`);
    const words = t.value.restocked(localName(item.name));
    const show = (): void => {
      titleMark.value = "";
      toast(
        "good",
        <p>
          {words} <a href={path}>{t.value.stripSee}</a>
        </p>,
      );
    };
    if (document.visibilityState === "visible") return show();
    titleMark.value = t.value.restockedTitle;
    notify(words, path);
    document.addEventListener("visibilitychange", show, { once: true });
  });
}

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
