// The address of a paid or unpaid order. The buyer can change it until the goods are being prepared.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useAttempt } from "../../attempt.ts";
import { t } from "../../words/words.ts";
import { addressBody, AddressFields, type AddressInput, AddressLines, EMPTY_ADDRESS } from "../address-form.tsx";
import { Failure, Spinner } from "../parts.tsx";
import { Sheet } from "../sheet.tsx";
import { toast } from "../toasts.tsx";
import type { Order } from "../user-resource.ts";

export function OrderAddress({ order, changed }: { order: Order; changed: () => Promise<void> }) {
  const { orderId, status, fulfilmentStatus } = order;
  const shippingAddress = order.shippingAddress as AddressInput | null;
  const isEditable = (status === "PENDING" || status === "COMPLETED" || status === "PARTIALLY_REFUNDED") && fulfilmentStatus === "NONE";
  const sheet = useRef<HTMLDialogElement>(null);
  const address = useSignal<AddressInput | null>(null);
  const save = useAttempt(async ({ key, shop }, body: AddressInput) => {
    await shop.editOrder({ path: { orderId }, body: { shippingAddress: body }, idempotencyKey: key });
    sheet.current?.close();
    toast("good", t.value.addressSaved);
    await changed();
  });
  if (shippingAddress === null && !isEditable) return null;
  return (
    <section class={`panel ${shippingAddress === null ? "asks" : ""}`}>
      <h2>{shippingAddress === null ? t.value.addressMissing : t.value.shipTo}</h2>
      {shippingAddress ? <AddressLines address={shippingAddress} /> : <p class="muted">{t.value.addressMissingHint}</p>}
      {isEditable && (
        <button
          type="button"
          class={`button ${shippingAddress === null ? "" : "small quiet"}`}
          onClick={() => {
            address.value = shippingAddress ?? EMPTY_ADDRESS;
            sheet.current?.showModal();
          }}
        >
          {shippingAddress ? t.value.changeAddress : t.value.addAddress}
        </button>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (address.value) void save.run(addressBody(address.value));
        }}
      >
        <Sheet
          sheet={sheet}
          title={t.value.shipTo}
          onClose={save.clearError}
          foot={
            <>
              {save.error !== undefined && <Failure error={save.error} />}
              <button type="submit" class="button primary wide" aria-disabled={save.busy}>
                {save.busy && <Spinner />}
                {t.value.saveAddress}
              </button>
            </>
          }
        >
          <AddressFields address={address} />
        </Sheet>
      </form>
    </section>
  );
}
