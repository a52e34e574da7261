import { to } from "../router.ts";
import { localName } from "../names.ts";
import { shopName } from "../shop-name.ts";
import { t } from "../words/words.ts";
import { saveReminder } from "./calendar.ts";
import { Icon } from "./icon.tsx";

type ReminderProps = { id: string; name: string; opensAt: string; path: string };

/** Gives the visitor a calendar file for an opening. @param path the route that the reminder leads to */
export function Reminder({ id, name, opensAt, path }: ReminderProps) {
  const remind = (): void => {
    const url = new URL(to(path), location.href).href;
    const title = `${localName(name)} · ${shopName.value}`;
    saveReminder({ uid: `${id}@${location.host}`, title, at: opensAt, url, text: `${t.value.openAtInstant(opensAt)} ${url}` });
  };
  return (
    <div class="reminder">
      <button type="button" class="button quiet wide" onClick={remind}>
        <Icon name="bell" />
        {t.value.addToCalendar}
      </button>
      <p class="muted center">{t.value.calendarHint}</p>
    </div>
  );
}
