// Durations, as the shop writes them (ISO 8601) and as operators read them.

import { formatNumber, language } from "../shared/languages.ts";

/** The minutes of a duration such as PT5M, PT24H or P1D; null if it has other units. */
export function minutesOf(iso: string): number | null {
  const parts = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(iso);
  if (parts === null) return null;
  const [weeks, days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0)) as [number, number, number, number, number];
  return ((weeks * 7 + days) * 24 + hours) * 60 + minutes + seconds / 60;
}

/** A duration in words, with its two largest units: `1 h 5 min`, `3일 2시간`. */
export function lasting(ms: number): string {
  const ko = language.value === "ko";
  if (ms < 10_000) return `${formatNumber(Math.max(0, Math.round(ms / 100) / 10))}${ko ? "초" : " s"}`;
  const seconds = Math.round(ms / 1000);
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), ko ? "일" : " d"],
    [Math.floor(seconds / 3600) % 24, ko ? "시간" : " h"],
    [Math.floor(seconds / 60) % 60, ko ? "분" : " min"],
    [seconds % 60, ko ? "초" : " s"],
  ];
  const first = units.findIndex(([count]) => count > 0);
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${formatNumber(count)}${unit}`)
    .join(" ");
}

/** Seconds in words, with a decimal: `0.5 s`, `0.5초`. */
export const seconds = (value: number): string => `${formatNumber(Math.round(value * 10) / 10)}${language.value === "ko" ? "초" : " s"}`;

export const isoMinutes = (minutes: number): string => `PT${minutes}M`;

/** A response time. */
export function ms(value: number): string {
  return value >= 1000 ? seconds(value / 1000) : `${formatNumber(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} ms`;
}
