// Asks to be told when a sold-out product or drop can be bought again. An open page of the shop tells it (tell.ts).

import { to } from "../router.ts";
import { localName } from "../names.ts";
import { t } from "../words/words.ts";
import { Icon } from "./icon.tsx";
import { mayAskToNotify, tell } from "./tell.ts";
import { toast } from "./toasts.tsx";
import { addToList, isOnList, removeFromList, type Watched, watchList } from "./watched.ts";

export function Restock({ item }: { item: Watched }) {
  const isOn = isOnList(item);
  const ask = (): void => {
    addToList(item);
    if (mayAskToNotify()) void Notification.requestPermission();
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
    const show = (): void =>
      toast(
        "good",
        <p>
          {words} <a href={path}>{t.value.stripSee}</a>
        </p>,
      );
    tell({ words, mark: t.value.restockedTitle, path, show });
  });
}
