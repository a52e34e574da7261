import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isRefusal, type PlaceOrderData } from "#client";
import { type Attempt, isRecent, type Undecided } from "../../shared/attempt.ts";
import { now } from "../../shared/clock.ts";
import { formatMoney } from "../../shared/languages.ts";
import { to } from "../router.ts";
import { priceOf } from "../price.ts";
import { session } from "../session.ts";
import { t } from "../words/words.ts";
import { type CheckoutData, isUsable } from "./checkout-form.tsx";
import { type ShownOrder, shownOrder } from "./order-changes.tsx";
import type { OrderedItem } from "./ordered-cart.ts";
import { Notice, Reason, Spinner } from "./parts.tsx";
import type { CardChoice } from "./pay-with.tsx";

/** An order as it was sent. It is stored while it is undecided, because a repeat must be identical. `card` is null for a payment from the balance. */
export type OrderRequest = {
  body: PlaceOrderData["body"];
  cartItems: OrderedItem[];
  card: CardChoice | null;
  shown: ShownOrder;
  /** The drops of the items. */
  dropIds: string[];
};

type UndecidedOrderProps = {
  order: Attempt<[OrderRequest]>;
  undecided: Undecided<[OrderRequest]>;
  read: (userId: string, signal: AbortSignal) => Promise<CheckoutData>;
};

/**
 * Stands in for the checkout while the outcome of its order is unknown: the buyer can only check again. Without a press the page repeats the
 * order only if the connection returns soon after the press and the order is still the same.
 */
export function UndecidedOrder({ order, undecided, read }: UndecidedOrderProps) {
  const [{ shown }] = undecided.args;
  const differs = useSignal(false);
  useEffect(() => {
    const controller = new AbortController();
    const resume = async (): Promise<void> => {
      const userId = session.peek()?.userId;
      if (!isRecent(undecided.pressedAt) || userId === undefined) return;
      try {
        const { items, coupons } = await read(userId, controller.signal);
        const total = priceOf(items, null).total;
        const coupon = coupons.find((candidate) => candidate.id === shown.coupon?.id && isUsable(candidate, total));
        differs.value = JSON.stringify(shownOrder(items, coupon)) !== JSON.stringify(shown);
        if (!differs.value && !controller.signal.aborted) await order.resume();
      } catch {
        // Nothing is known that was not known before, so the buyer decides.
      }
    };
    const listener = (): void => void resume();
    addEventListener("online", listener);
    return () => {
      controller.abort();
      removeEventListener("online", listener);
    };
  }, [undecided.pressedAt]);
  // The clock makes the component render again, so that the press grows old on the page.
  void now.value;
  const hint = differs.value ? t.value.changedSince : isRecent(undecided.pressedAt) ? null : t.value.pressedLongAgo;
  return (
    <div class="undecided stack">
      <Notice kind="warn">
        <p>{t.value.orderUnknown}</p>
        {hint && !order.busy && <p>{hint}</p>}
        {isRefusal(order.error) && <Reason error={order.error} />}
      </Notice>
      <button type="button" class="button primary wide" aria-disabled={order.busy} onClick={() => void order.retry()}>
        {order.busy && <Spinner />}
        {order.busy ? t.value.paying : `${t.value.checkAgain} · ${formatMoney(shown.toPay)}`}
      </button>
      <a class="button quiet wide" href={to("/orders")}>
        {t.value.seeOrders}
      </a>
    </div>
  );
}
