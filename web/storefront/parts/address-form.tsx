// A delivery address: one of the buyer's last ones, or a new one.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { PlaceOrderData } from "#client";
import { shop } from "../api.ts";
import { t } from "../words/words.ts";
import { useUserResource } from "./user-resource.ts";

/** An address as it is typed; the shop adds the country. */
export type AddressInput = NonNullable<PlaceOrderData["body"]["shippingAddress"]>;

const FIELDS = [
  { name: "recipient", autocomplete: "name", most: 100 },
  { name: "phone", autocomplete: "tel", most: 40, mode: "tel" },
  { name: "postalCode", autocomplete: "postal-code", most: 20 },
  { name: "line1", autocomplete: "address-line1", most: 200 },
  { name: "line2", autocomplete: "address-line2", most: 200, optional: true },
  { name: "note", autocomplete: "off", most: 500, optional: true },
] as const;

export const EMPTY_ADDRESS: AddressInput = { recipient: "", phone: "", postalCode: "", line1: "", line2: "", note: "" };

const MOST_SAVED = 3;

/** The different addresses of the buyer's last orders, the latest first; undefined while they are loading. */
export function useSavedAddresses(): AddressInput[] | undefined {
  const saved = useUserResource("addresses", async (userId, signal) => {
    const { orders } = (await shop.listUserOrders({ path: { userId }, query: { limit: 20 }, signal })).body;
    const addresses = orders.flatMap(({ shippingAddress }) => (shippingAddress ? [shippingAddress as AddressInput] : []));
    return [...new Map(addresses.toReversed().map((address) => [JSON.stringify(address), address])).values()].toReversed().slice(0, MOST_SAVED);
  });
  return saved.data ?? (saved.error === undefined ? undefined : []);
}

/** An address without empty fields, which the shop refuses. */
export function addressBody(address: AddressInput): AddressInput {
  const { line2, note, ...rest } = address;
  return { ...rest, ...(line2?.trim() ? { line2 } : {}), ...(note?.trim() ? { note } : {}) };
}

type AddressChoiceProps = { address: Signal<AddressInput | null>; disabled: boolean };

/** `address` is null if the buyer gives it later. The last address is chosen at first. */
export function AddressChoice({ address, disabled }: AddressChoiceProps) {
  const saved = useSavedAddresses();
  const choice = useSignal<"saved" | "new" | "later">("later");
  useEffect(() => {
    const [last] = saved ?? [];
    if (last && address.peek() === null && choice.peek() === "later") {
      choice.value = "saved";
      address.value = last;
    }
  }, [saved?.length]);
  const choose = (how: "saved" | "new" | "later", chosen: AddressInput | null) => () => {
    choice.value = how;
    address.value = chosen;
  };
  return (
    <fieldset class="panel" disabled={disabled}>
      <legend>{t.value.shipTo}</legend>
      {saved?.map((known, i) => (
        <label class="pick" key={i}>
          <input type="radio" name="address" checked={choice.value === "saved" && address.value === known} onChange={choose("saved", known)} />
          <AddressLines address={known} />
        </label>
      ))}
      <label class="pick">
        <input type="radio" name="address" checked={choice.value === "new"} onChange={choose("new", EMPTY_ADDRESS)} />
        <strong>{t.value.newAddress}</strong>
      </label>
      {choice.value === "new" && <AddressFields address={address} />}
      <label class="pick">
        <input type="radio" name="address" checked={choice.value === "later"} onChange={choose("later", null)} />
        <span class="pick-body">
          <strong>{t.value.noAddress}</strong>
          <span class="muted">{t.value.noAddressHint}</span>
        </span>
      </label>
    </fieldset>
  );
}

export function AddressLines({ address }: { address: AddressInput }) {
  const { recipient, phone, postalCode, line1, line2, note } = address;
  return (
    <span class="pick-body">
      <strong>
        <bdi>{recipient}</bdi>
      </strong>
      <bdi>
        ({postalCode}) {line1} {line2}
      </bdi>
      <bdi class="muted">{[phone, note].filter(Boolean).join(" · ")}</bdi>
    </span>
  );
}

/** The browser checks the required fields when the form is submitted. */
export function AddressFields({ address }: { address: Signal<AddressInput | null> }) {
  const labels = {
    note: t.value.deliveryNote,
    recipient: t.value.recipient,
    phone: t.value.phone,
    postalCode: t.value.postalCode,
    line1: t.value.line1,
    line2: t.value.line2,
  };
  return (
    <div class="fields">
      {FIELDS.map((field) => (
        <label key={field.name} class={`field ${field.name}`}>
          <span>{labels[field.name]}</span>
          <input
            type="text"
            {...("mode" in field ? { inputMode: field.mode } : {})}
            autocomplete={field.autocomplete}
            maxLength={field.most}
            required={!("optional" in field)}
            value={address.value?.[field.name] ?? ""}
            onInput={(event) => {
              const { value } = event.currentTarget;
              event.currentTarget.setCustomValidity("optional" in field || value.trim() !== "" ? "" : t.value.fillIn(labels[field.name]));
              address.value = { ...(address.peek() ?? EMPTY_ADDRESS), [field.name]: value };
            }}
          />
        </label>
      ))}
    </div>
  );
}
