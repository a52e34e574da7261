import { useSignal } from "@preact/signals";
import { formatMoney } from "../../shared/languages.ts";
import { redirect, to } from "../../shared/router.ts";
import { useAttempt } from "../attempt.ts";
import { t } from "../words/words.ts";
import { Countdown } from "./countdown.tsx";
import { Failure, Notice, Spinner } from "./parts.tsx";
import { type Method, payByCard, PayWith, type SimulatedOutcome, takesCards } from "./pay-with.tsx";
import type { Order } from "./user-resource.ts";

/** Pays an order that is placed and not paid yet. */
export function PayNow({ order, balance, reload }: { order: Order; balance: number; reload: () => Promise<void> }) {
  const toPay = order.totalAmount - order.discountAmount;
  const chosenMethod = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const method = chosenMethod.value === "CARD" && takesCards() ? "CARD" : "BALANCE";
  const pay = useAttempt(async (context, chosen: { method: Method; outcome: SimulatedOutcome }) => {
    try {
      let result = "placed";
      if (chosen.method === "CARD") result = await payByCard(context, order.orderId, toPay, chosen.outcome);
      else await context.shop.payOrder({ body: { orderId: order.orderId, method: "BALANCE", expectedAmount: toPay }, idempotencyKey: context.key });
      if (!context.isCurrentUser()) return;
      redirect(to(`/orders/${order.orderId}`, { result }));
      scrollTo(0, 0);
    } finally {
      await reload();
    }
  }, `pay ${order.orderId}`);
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void pay.run({ method, outcome: outcome.value });
      }}
    >
      {order.expiresAt && <Countdown to={order.expiresAt} label={t.value.payWithin} />}
      <p class="muted">{t.value.heldWhenPaid}</p>
      <PayWith method={chosenMethod} outcome={outcome} balance={balance} toPay={toPay} fixed={pay.busy || pay.undecided !== null} />
      {pay.error !== undefined && <Failure error={pay.error} />}
      {pay.undecided && !pay.busy && <Notice kind="warn">{t.value.paymentUnknown}</Notice>}
      <button
        type="submit"
        class="button primary wide"
        disabled={!pay.busy && !pay.undecided && method === "BALANCE" && balance < toPay}
        aria-disabled={pay.busy}
      >
        {pay.busy && <Spinner />}
        {pay.busy ? t.value.paying : pay.undecided ? `${t.value.checkAgain} · ${formatMoney(toPay)}` : t.value.pay(toPay)}
      </button>
    </form>
  );
}
