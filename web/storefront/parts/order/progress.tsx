// How far a paid order has come, its parcels, and what happens next after buying.

import type { ComponentChildren } from "preact";
import { to } from "../../router.ts";
import { t } from "../../words/words.ts";
import { Icon } from "../icon.tsx";
import type { Order } from "../user-resource.ts";
import { itemName } from "../../names.ts";

const STEPS = ["NONE", "PREPARING", "SHIPPED", "DELIVERED"] as const;

export function Progress({ order: { fulfilmentStatus } }: { order: Order }) {
  const reached = STEPS.indexOf(fulfilmentStatus === "PARTIALLY_SHIPPED" ? "SHIPPED" : fulfilmentStatus);
  const names = [
    t.value.stepPaid,
    t.value.stepPreparing,
    fulfilmentStatus === "PARTIALLY_SHIPPED" ? t.value.partlyShipped : t.value.stepShipped,
    t.value.stepDelivered,
  ];
  return (
    <ol class="steps">
      {names.map((name, i) => (
        <li key={STEPS[i]} class={i <= reached ? "reached" : ""} aria-current={i === reached ? "step" : undefined}>
          {name}
        </li>
      ))}
    </ol>
  );
}

/** The greeting after buying: the number to say on the phone, and what happens next. */
export function OrderDone({ orderNumber, words, children }: { orderNumber: string; words: string; children: ComponentChildren }) {
  return (
    <section class="panel done" role="status">
      <p class="done-mark">
        <Icon name="check" />
      </p>
      <p class="done-title">{words}</p>
      <p class="done-number">
        <span class="muted">{t.value.orderNumber}</span> <strong class="number">{orderNumber}</strong>
      </p>
      {children}
      <h2>{t.value.whatNext}</h2>
      <ol class="next">
        <li>{t.value.nextPrepare}</li>
        <li>{t.value.nextShip}</li>
      </ol>
      <a class="button wide" href={to("/")}>
        {t.value.continueShopping}
      </a>
    </section>
  );
}

export function Parcels({ order: { shipments, orderItems } }: { order: Order }) {
  if (shipments.length === 0) return null;
  const nameOf = (variantId: string): string => {
    const item = orderItems.find((one) => one.variantId === variantId);
    return item ? itemName(item) : "";
  };
  return (
    <section class="panel">
      <h2>{t.value.parcels}</h2>
      <ul class="parcels">
        {shipments.map(({ shipmentId, items, carrier, trackingNumber, trackingUrl, shippedAt, deliveredAt }, i) => (
          <li key={shipmentId}>
            <p class="parcel-head">
              <Icon name="truck" />
              <strong>{shipments.length > 1 ? t.value.parcel(i + 1) : carrier}</strong>
              <span class="pill">{deliveredAt ? t.value.stepDelivered : t.value.stepShipped}</span>
            </p>
            <ul class="muted">
              {items.map(({ variantId, quantity }) => (
                <li key={variantId}>
                  <bdi>{nameOf(variantId)}</bdi> {t.value.pieces(quantity)}
                </li>
              ))}
            </ul>
            <p class="muted">{deliveredAt ? t.value.deliveredAt(deliveredAt) : t.value.shippedAt(shippedAt)}</p>
            <p class="tracking">
              <span>
                <bdi>{carrier}</bdi> <span class="visually-hidden">{t.value.trackingNumber}</span> <code>{trackingNumber}</code>
              </span>
              {trackingUrl !== null && /^https?:/.test(trackingUrl) && (
                <a class="button small" href={trackingUrl} target="_blank" rel="noreferrer noopener">
                  {t.value.track}
                </a>
              )}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
