import { t } from "../../words/words.ts";

/** An ISO 8601 duration such as PT5M in words. */
export function durationWords(duration: string): string {
  const [, days, hours, minutes, seconds] = (/^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration) ?? []).map(Number);
  return [
    ...(days ? [t.value.hours(days * 24)] : []),
    ...(hours ? [t.value.hours(hours)] : []),
    ...(minutes ? [t.value.minutes(minutes)] : []),
    ...(seconds ? [t.value.seconds(seconds)] : []),
  ].join(" ");
}
