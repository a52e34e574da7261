import { useRef } from "preact/hooks";
import { useAttempt } from "../attempt.ts";
import { redirect, to } from "../../shared/router.ts";
import { t } from "../words/words.ts";
import type { Order } from "./user-resource.ts";
import { Failure, Spinner } from "./parts.tsx";

/** Asks for confirmation and describes the effect. */
export function CancelOrder({ order, changed }: { order: Order; changed: () => Promise<void> }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { orderId, status, paidAmount } = order;
  const cancel = useAttempt(async ({ key, shop, isCurrentUser }) => {
    const answer = await shop.cancelOrder({ path: { orderId }, body: {}, idempotencyKey: key });
    dialog.current?.close();
    if (!isCurrentUser()) return;
    redirect(to(`/orders/${orderId}`, { result: answer.status === 202 ? "refunding" : "cancelled" }));
    scrollTo(0, 0);
    await changed();
  });
  return (
    <>
      <button type="button" class="button quiet danger wide" onClick={() => dialog.current?.showModal()}>
        {t.value.cancelOrder}
      </button>
      <dialog ref={dialog} aria-labelledby="cancel-question" onClose={cancel.clearError}>
        <h2 id="cancel-question">{t.value.cancelQuestion}</h2>
        <p>{status === "COMPLETED" ? t.value.cancelPaidHint(paidAmount) : t.value.cancelUnpaidHint}</p>
        {cancel.error !== undefined && <Failure error={cancel.error} />}
        <div class="dialog-actions">
          <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
            {t.value.keepOrder}
          </button>
          <button type="button" class="button danger" aria-disabled={cancel.busy} onClick={() => void cancel.run()}>
            {cancel.busy && <Spinner />}
            {t.value.cancelOrder}
          </button>
        </div>
      </dialog>
    </>
  );
}
