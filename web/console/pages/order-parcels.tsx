// The parcels of an order: preparing, shipping and delivering it.

import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { Confirm } from "../parts/confirm.tsx";
import { TextField } from "../parts/fields.tsx";
import { Card, Field, When } from "../parts/parts.tsx";
import { o } from "../words/orders.ts";
import { t } from "../words/words.ts";
import type { Done, OrderDetail } from "./order.tsx";
import { UnitsField } from "./order-items.tsx";
import type { OneReturn } from "./order-returns.tsx";

const LABEL_MAX = 100;
const URL_MAX = 2000;

export function OrderParcels({ order, returns, done }: { order: OrderDetail; returns: OneReturn[]; done: Done }) {
  const { orderId, fulfilmentStatus, shipments } = order;
  const isPaid = order.status === "COMPLETED" || order.status === "PARTIALLY_REFUNDED";
  const rest = unshipped(order, returns);
  const units = Object.values(rest).reduce((sum, quantity) => sum + quantity, 0);
  return (
    <Card title={o.value.parcels}>
      {shipments.length === 0 && <p class="muted">{o.value.noParcels}</p>}
      <ul class="parcels">
        {shipments.map((shipment) => (
          <Parcel key={shipment.shipmentId} order={order} shipment={shipment} done={done} />
        ))}
      </ul>
      {isPaid && units > 0 && (
        <div class="form-row">
          {fulfilmentStatus === "NONE" && (
            <Confirm
              needs="fulfilment"
              label={o.value.prepare}
              tone="primary"
              run={async ({ key, shop }) => {
                await shop.prepareOrder({ path: { id: orderId }, body: {}, idempotencyKey: key });
                await done(o.value.prepared);
              }}
            >
              {o.value.prepareWords}
            </Confirm>
          )}
          <Ship order={order} rest={rest} done={done} />
        </div>
      )}
    </Card>
  );
}

/** The units that were neither shipped nor refunded before shipment. Returned units were refunded after it. */
function unshipped({ orderItems, shipments }: OrderDetail, returns: OneReturn[]): Record<string, number> {
  const unitsOf = (lists: { items: { variantId: string; quantity: number }[] }[], id: string): number =>
    lists.flatMap(({ items }) => items).reduce((sum, { variantId, quantity }) => sum + (variantId === id ? quantity : 0), 0);
  const received = returns.filter(({ status }) => status === "RECEIVED");
  return Object.fromEntries(
    orderItems.map(({ variantId, quantity, refundedQuantity }) => {
      const left = quantity - unitsOf(shipments, variantId);
      return [variantId, Math.max(0, left - Math.min(left, refundedQuantity - unitsOf(received, variantId)))];
    }),
  );
}

function Parcel({ order, shipment, done }: { order: OrderDetail; shipment: OrderDetail["shipments"][number]; done: Done }) {
  const { shipmentId, items, carrier, trackingNumber, trackingUrl, shippedAt, deliveredAt } = shipment;
  const nameOf = (id: string): string => order.orderItems.find(({ variantId }) => variantId === id)?.name ?? `…${id.slice(-10)}`;
  return (
    <li>
      <p>
        <strong>
          <bdi>{carrier}</bdi>
        </strong>{" "}
        <bdi class="id whole">{trackingNumber}</bdi>{" "}
        {trackingUrl !== null && (
          <a href={trackingUrl} target="_blank" rel="noreferrer">
            {o.value.track}
          </a>
        )}
      </p>
      <p class="muted">
        {items.map(({ variantId, quantity }) => (
          <span key={variantId}>
            <bdi>{nameOf(variantId)}</bdi> × {formatNumber(quantity)}{" "}
          </span>
        ))}
      </p>
      <p class="muted">
        {o.value.shippedAt} <When at={shippedAt} />
        {deliveredAt !== null && (
          <>
            {" "}
            · {o.value.deliveredAt} <When at={deliveredAt} />
          </>
        )}
      </p>
      {deliveredAt === null && (
        <Confirm
          needs="fulfilment"
          label={o.value.delivered}
          about={trackingNumber}
          tone="primary"
          run={async ({ key, shop }) => {
            await shop.deliverShipment({ path: { id: order.orderId, shipmentId }, body: {}, idempotencyKey: key });
            await done(o.value.deliveredDone);
          }}
        >
          {o.value.deliverWords}
        </Confirm>
      )}
    </li>
  );
}

function Ship({ order, rest, done }: { order: OrderDetail; rest: Record<string, number>; done: Done }) {
  const [carrier, trackingNumber, trackingUrl] = [useSignal(""), useSignal(""), useSignal("")];
  const quantities = useSignal<Record<string, number>>(rest);
  return (
    <Confirm
      needs="fulfilment"
      label={o.value.ship}
      tone="primary"
      quiet={false}
      opened={() => {
        carrier.value = trackingNumber.value = trackingUrl.value = "";
        quantities.value = rest;
      }}
      run={async ({ key, shop }) => {
        const items = Object.entries(quantities.value).flatMap(([variantId, quantity]) => (quantity > 0 ? [{ variantId, quantity }] : []));
        const label = { carrier: carrier.value.trim(), trackingNumber: trackingNumber.value.trim() };
        const url = trackingUrl.value.trim();
        const isRest = order.orderItems.every(({ variantId }) => (quantities.value[variantId] ?? 0) === (rest[variantId] ?? 0));
        const body = { ...label, ...(isRest ? {} : { items }), ...(url ? { trackingUrl: url } : {}) };
        await shop.shipOrder({ path: { id: order.orderId }, body, idempotencyKey: key });
        await done(o.value.shipped);
      }}
    >
      <p>{o.value.shipWords}</p>
      <TextField label={o.value.carrier} value={carrier} max={LABEL_MAX} />
      <TextField label={o.value.trackingNumber} value={trackingNumber} max={LABEL_MAX} />
      <Field label={o.value.trackingUrl} hint={t.value.mayBeEmpty}>
        <input
          type="url"
          pattern="https?://.+"
          maxLength={URL_MAX}
          value={trackingUrl.value}
          onInput={({ currentTarget }) => (trackingUrl.value = currentTarget.value)}
        />
      </Field>
      <fieldset>
        <legend>{o.value.unitsIn}</legend>
        <ul class="moves">
          {order.orderItems
            .filter(({ variantId }) => (rest[variantId] ?? 0) > 0)
            .map(({ variantId, name }) => (
              <li key={variantId}>
                <bdi class="clip">{name}</bdi>
                <UnitsField
                  label={`${o.value.unitsIn}: ${name}`}
                  max={rest[variantId] ?? 0}
                  value={quantities.value[variantId] ?? 0}
                  change={(units) => (quantities.value = { ...quantities.value, [variantId]: units })}
                />
              </li>
            ))}
        </ul>
      </fieldset>
    </Confirm>
  );
}
