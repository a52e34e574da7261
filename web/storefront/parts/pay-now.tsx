import { useSignal } from "@preact/signals";
import { formatMoney } from "../../shared/languages.ts";
import { redirect, to } from "../router.ts";
import { useAttempt } from "../attempt.ts";
import { t } from "../words/words.ts";
import { BottomBar } from "./bottom-bar.tsx";
import { Countdown } from "./countdown.tsx";
import { Failure, Notice, Spinner } from "./parts.tsx";
import { cardChoice, type CardChoice, ChosenMethod, gatewayMethods, type Method, payAtGateway, PayWith, type SimulatedOutcome } from "./pay-with.tsx";
import type { Order } from "./user-resource.ts";

/** Pays an order that is placed and not paid yet. */
export function PayNow({ order, balance, reload }: { order: Order; balance: number; reload: () => Promise<void> }) {
  const toPay = order.totalAmount - order.discountAmount;
  const chosenMethod = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const method = gatewayMethods().some((name) => name === chosenMethod.value) ? chosenMethod.value : "BALANCE";
  const pay = useAttempt(async (context, chosen: { card: CardChoice | null }) => {
    let result = "placed";
    try {
      if (chosen.card !== null) result = await payAtGateway(context, order, toPay, chosen.card);
      else await context.shop.payOrder({ body: { orderId: order.orderId, method: "BALANCE", expectedAmount: toPay }, idempotencyKey: context.key });
      if (result === "window" || !context.isCurrentUser()) return;
      redirect(to(`/orders/${order.orderId}`, { result }));
      scrollTo(0, 0);
    } finally {
      // The page is left for the window: the action must end before, or it would be undecided on the way back.
      if (result !== "window") await reload();
    }
  }, `pay ${order.orderId}`);
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void pay.run({ card: cardChoice(method, outcome.value) });
      }}
    >
      {order.expiresAt && <Countdown to={order.expiresAt} label={t.value.payWithin} />}
      <p class="muted">{t.value.heldWhenPaid}</p>
      {order.shippingAddress === null && <p>{t.value.addressAfterPaying}</p>}
      <PayWith method={chosenMethod} outcome={outcome} balance={balance} toPay={toPay} fixed={pay.busy || pay.undecided !== null} />
      <BottomBar>
        {pay.error !== undefined && <Failure error={pay.error} />}
        {pay.undecided && !pay.busy && <Notice kind="warn">{t.value.paymentUnknown}</Notice>}
        <ChosenMethod method={method} balance={balance} toPay={toPay} fixed={pay.busy || pay.undecided !== null} />
        <button
          type="submit"
          class="button primary wide"
          disabled={!pay.busy && !pay.undecided && method === "BALANCE" && balance < toPay}
          aria-disabled={pay.busy}
        >
          {pay.busy && <Spinner />}
          {pay.busy ? t.value.paying : pay.undecided ? `${t.value.checkAgain} · ${formatMoney(toPay)}` : t.value.pay(toPay)}
        </button>
      </BottomBar>
    </form>
  );
}
