// Periods of whole days in the shop's zone.

const DAY_MS = 86_400_000;

export type Period = { from: string; to: string };

export const PRESETS = ["today", "yesterday", "days7", "days14", "days30", "thisMonth", "lastMonth"] as const;
export type Preset = (typeof PRESETS)[number];

export const addDays = (day: string, days: number): string => new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/** The number of days, both ends included. */
export const lengthOf = ({ from, to }: Period): number => Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;

export function periodOf(preset: Preset, today: string): Period {
  const firstOfMonth = `${today.slice(0, 7)}-01`;
  switch (preset) {
    case "today":
      return { from: today, to: today };
    case "yesterday":
      return { from: addDays(today, -1), to: addDays(today, -1) };
    case "days7":
      return { from: addDays(today, -6), to: today };
    case "days14":
      return { from: addDays(today, -13), to: today };
    case "days30":
      return { from: addDays(today, -29), to: today };
    case "thisMonth":
      return { from: firstOfMonth, to: today };
    case "lastMonth": {
      const to = addDays(firstOfMonth, -1);
      return { from: `${to.slice(0, 7)}-01`, to };
    }
  }
}

/** The period of the same length that ends the day before. */
export function periodBefore(period: Period): Period {
  return { from: addDays(period.from, -lengthOf(period)), to: addDays(period.from, -1) };
}

/** The preset of a period, if it is one. */
export const presetOf = (period: Period, today: string): Preset | undefined =>
  PRESETS.find((preset) => {
    const { from, to } = periodOf(preset, today);
    return from === period.from && to === period.to;
  });
