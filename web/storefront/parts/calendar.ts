// A reminder as a calendar file: the visitor's calendar keeps it, also while it is offline.

type CalendarEvent = { uid: string; title: string; at: string; url: string; text: string };

const MINUTES_BEFORE = 5;

/** Gives the visitor the file. */
export function saveReminder(event: CalendarEvent): void {
  const address = URL.createObjectURL(new Blob([calendarFile(event)], { type: "text/calendar;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = "jangnal.ics";
  link.click();
  // The browser may read the file after this task.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** iCalendar, RFC 5545. */
function calendarFile({ uid, title, at, url, text }: CalendarEvent): string {
  const start = new Date(at);
  const end = new Date(start.getTime() + 30 * 60_000);
  return [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Jangnal//Storefront//EN",
    "BEGIN:VEVENT",
    `UID:${uid}`,
    `DTSTAMP:${stampOf(new Date())}`,
    `DTSTART:${stampOf(start)}`,
    `DTEND:${stampOf(end)}`,
    `SUMMARY:${escaped(title)}`,
    `DESCRIPTION:${escaped(text)}`,
    `URL:${url}`,
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    `DESCRIPTION:${escaped(title)}`,
    `TRIGGER:-PT${MINUTES_BEFORE}M`,
    "END:VALARM",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ]
    .flatMap(folded)
    .join("\r\n");
}

const stampOf = (instant: Date): string => instant.toISOString().replaceAll(/[-:]|\.\d+/g, "");

const escaped = (text: string): string => text.replaceAll(/[\\;,]/g, String.raw`\$&`).replaceAll(/\r?\n/g, String.raw`\n`);

/** Lines have at most 75 octets; a continued one begins with a space. A character has at most four octets. */
function folded(line: string): string[] {
  const characters = [...line];
  const lines: string[] = [];
  for (let at = 0; at < characters.length || at === 0; at += 18) lines.push(`${at === 0 ? "" : " "}${characters.slice(at, at + 18).join("")}`);
  return /^[\x20-\x7e]{0,75}$/.test(line) ? [line] : lines;
}
