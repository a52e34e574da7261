import { now } from "../../shared/clock.ts";
import { t } from "../words/words.ts";

/** The time left, by the shop's clock. The role `timer` is not announced at each change. */
export function Countdown({ to, label }: { to: string; label: string }) {
  const left = Math.max(0, Math.ceil((Date.parse(to) - now.value) / 1000));
  const parts = [Math.floor(left / 86_400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60, left % 60];
  const [days = 0, ...clock] = parts;
  const shown = `${days > 0 ? `${t.value.days(days)} ` : ""}${clock.map((part) => String(part).padStart(2, "0")).join(":")}`;
  return (
    <span class="countdown">
      <span class="countdown-label">{label}</span>
      <span class="countdown-digits number" role="timer" aria-label={`${label} ${shown}`}>
        {days > 0 && <span class="countdown-days">{t.value.days(days)}</span>}
        {clock.map((part, i) => (
          <span key={i} class="digit-pair">
            {String(part).padStart(2, "0")}
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
