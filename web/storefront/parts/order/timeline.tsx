import type { Body } from "#client";
import { formatInstant } from "../../../shared/languages.ts";
import { t } from "../../words/words.ts";
import { Money } from "../parts.tsx";

export type History = Body<"getOrderHistory">["events"];

const EVENTS = [
  "order.placed",
  "order.completed",
  "order.preparing",
  "order.shipped",
  "order.delivered",
  "order.refunded",
  "order.partially-refunded",
  "order.cancelled",
  "order.expired",
  "return.requested",
  "return.received",
  "return.rejected",
  "return.withdrawn",
] as const;

/** The events that this page knows; another one is for operators. */
export function Timeline({ history }: { history: History }) {
  return (
    <section class="panel later">
      <h2>{t.value.history}</h2>
      <ol class="timeline">
        {history.map(({ type, at, data }, i) => {
          const known = EVENTS.find((event) => event === type);
          if (known === undefined) return null;
          const { amount, customerReason, paidAmount } = (data ?? {}) as { amount?: unknown; customerReason?: unknown; paidAmount?: unknown };
          const shown = typeof amount === "number" ? amount : typeof paidAmount === "number" ? paidAmount : null;
          return (
            <li key={i}>
              <span>
                {t.value[known]}
                {shown !== null && (
                  <>
                    {" · "}
                    <Money amount={shown} />
                  </>
                )}
              </span>
              {typeof customerReason === "string" && <bdi class="muted">{customerReason}</bdi>}
              <time class="muted" dateTime={at}>
                {formatInstant(at)}
              </time>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
