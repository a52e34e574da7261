import { now } from "../../shared/clock.ts";
import { t } from "../words/words.ts";

/** The time left, by the shop's clock. The role `timer` is not announced at each change. `small`: the digits alone, such as 04:59. */
export function Countdown({ to, label, large = false, small = false }: { to: string; label: string; large?: boolean; small?: boolean }) {
  const left = Math.max(0, Math.ceil((Date.parse(to) - now.value) / 1000));
  const days = Math.floor(left / 86_400);
  const [hours, ...rest] = [Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60].map((part) => String(part).padStart(2, "0"));
  const clock = days === 0 && left < 3600 ? rest : [hours as string, ...rest];
  const shown = `${days > 0 ? `${t.value.days(days)} ` : ""}${clock.join(":")}`;
  return (
    <span class={`countdown ${large ? "large" : ""} ${small ? "small" : ""}`}>
      {!small && <span class="countdown-label">{label}</span>}
      <span class="countdown-digits number" role="timer" aria-label={`${label} ${shown}`}>
        {days > 0 && <span class="countdown-days">{t.value.days(days)}</span>}
        {clock.map((part, i) => (
          <span key={clock.length - i} class="digit-pair">
            {part}
          </span>
        ))}
      </span>
    </span>
  );
}

/** By the shop's clock. */
export function isPast(at: string): boolean {
  return Date.parse(at) <= now.value;
}
