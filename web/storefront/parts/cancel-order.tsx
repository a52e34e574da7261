import { useRef } from "preact/hooks";
import { useAttempt } from "../attempt.ts";
import { redirect, to } from "../router.ts";
import { t } from "../words/words.ts";
import { Confirm } from "./confirm.tsx";
import { RefundAccountFields, useRefundAccount } from "./order/refund-account.tsx";
import type { Order } from "./user-resource.ts";

export function CancelOrder({ order, changed }: { order: Order; changed: () => Promise<void> }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { orderId, status, paidAmount } = order;
  const refund = useRefundAccount(order);
  const cancel = useAttempt(async ({ key, shop, isCurrentUser }) => {
    const body = refund.body();
    if (body === null) return;
    const answer = await shop.cancelOrder({ path: { orderId }, body, idempotencyKey: key });
    dialog.current?.close();
    if (!isCurrentUser()) return;
    redirect(to(`/orders/${orderId}`, { result: answer.status === 202 ? "refunding" : "cancelled" }));
    scrollTo(0, 0);
    await changed();
  });
  return (
    <>
      <button type="button" class="text-button" onClick={() => dialog.current?.showModal()}>
        {t.value.cancelOrder}
      </button>
      <Confirm dialog={dialog} question={t.value.cancelQuestion} action={cancel} confirm={t.value.cancelOrder} keep={t.value.keepOrder}>
        <p>{status === "COMPLETED" ? t.value.cancelPaidHint(paidAmount) : t.value.cancelUnpaidHint}</p>
        {refund.isNeeded && <RefundAccountFields {...refund} />}
      </Confirm>
    </>
  );
}
