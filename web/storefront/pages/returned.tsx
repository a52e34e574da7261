// Back from the gateway's payment window. `Paid` asks the shop to confirm the payment that the buyer has authorized; until then nothing is paid.

import { useEffect } from "preact/hooks";
import { isRefusal, isUndecided } from "#client";
import { useNextOrderId, type WindowTarget } from "../../shared/payment-window.ts";
import { redirect, route, to } from "../router.ts";
import { type ActionContext, useAttempt } from "../attempt.ts";
import { Empty, Failure, Notice, Skeleton, Title } from "../parts/parts.tsx";
import { unpaidReason } from "../parts/pay-with.tsx";
import { t } from "../words/words.ts";

type Authorized = { target: WindowTarget; paymentKey: string; orderId: string; amount: number };

/** The gateway's success page. A reload, or a second visit, repeats the same confirmation and gets the same answer. */
export function Paid() {
  const authorized = readAuthorized(route.value.query);
  const confirm = useAttempt(async (context, of: Authorized) => {
    const result = await (of.target.kind === "order" ? payOrder(context, of) : chargeBalance(context, of));
    if (context.isCurrentUser()) redirect(pageOf(of.target, result));
  });
  useEffect(() => {
    if (authorized !== null) void confirm.run(authorized);
  }, [authorized?.paymentKey]);
  if (authorized === null) return <Unreadable />;
  return (
    <>
      <Title>{confirm.error === undefined ? t.value.confirmingPayment : t.value.payment}</Title>
      {confirm.error === undefined ? (
        <>
          <Skeleton lines={2} />
          <p class="muted" role="status">
            {t.value.confirmingPaymentHint}
          </p>
        </>
      ) : (
        <>
          {confirm.undecided && <Notice kind="warn">{t.value.paymentUnknown}</Notice>}
          <Failure error={confirm.error} retry={() => void confirm.run(authorized)} />
        </>
      )}
    </>
  );
}

/** The gateway's fail page: the window was closed, or could not take the payment. Its own words are not shown, because any link could have them. */
export function NotPaid() {
  const { query } = route.value;
  const target = readTarget(query);
  const code = query.get("code") ?? "";
  useEffect(() => {
    if (target === null) return;
    if (code === "DUPLICATED_ORDER_ID") useNextOrderId(target);
    redirect(pageOf(target, LEFT.has(code) ? "left" : "refused"));
  }, [code]);
  return target === null ? <Unreadable /> : <Title>{t.value.payment}</Title>;
}

/** The gateway's codes for a buyer who has left the window: on a phone, on a computer. */
const LEFT: ReadonlySet<string> = new Set(["PAY_PROCESS_CANCELED", "USER_CANCEL"]);

function Unreadable() {
  return (
    <>
      <Title>{t.value.notFound}</Title>
      <Empty icon="order" hint={t.value.notFoundHint}>
        <a class="button" href={to("/orders")}>
          {t.value.seeOrders}
        </a>
      </Empty>
    </>
  );
}

async function payOrder({ shop, isCurrentUser }: ActionContext, { target, paymentKey, orderId, amount }: Authorized): Promise<string | undefined> {
  const named = orderId === target.id ? {} : { gatewayOrderId: orderId };
  const body = { orderId: target.id, method: "CARD" as const, paymentKey, expectedAmount: amount, ...named };
  try {
    const { status } = await shop.payOrder({ body, idempotencyKey: keyOf(paymentKey) });
    return status === 202 ? "pending" : "placed";
  } catch (error) {
    if (isUndecided(error)) throw error;
    if (isRefusal(error, "PAYMENT_DECLINED")) return "declined";
    // An earlier visit has paid, or is paying. The order's page tells.
    if (isRefusal(error, "ORDER_NOT_PAYABLE", "PAYMENT_IN_PROGRESS")) return undefined;
    if (isCurrentUser()) unpaidReason.value = { orderId: target.id, error };
    return "unpaid";
  }
}

async function chargeBalance({ shop, userId }: ActionContext, { target, paymentKey, amount }: Authorized): Promise<string | undefined> {
  try {
    const body = { amount, paymentKey, chargeId: target.id };
    const { status } = await shop.chargeBalance({ path: { userId }, body, idempotencyKey: keyOf(paymentKey) });
    return status === 202 ? "pending" : "charged";
  } catch (error) {
    if (isRefusal(error, "PAYMENT_DECLINED")) return "declined";
    throw error;
  }
}

/** One key per authorization, so that every visit of the success page is the same request. */
const keyOf = (paymentKey: string): string => `window-${paymentKey}`;

const pageOf = ({ kind, id }: WindowTarget, result: string | undefined): string => to(kind === "order" ? `/orders/${id}` : "/balance", { result });

function readTarget(query: URLSearchParams): WindowTarget | null {
  const [kind, id] = [query.get("for"), query.get("id")];
  return (kind === "order" || kind === "charge") && id !== null && /^[0-9a-f-]{36}$/.test(id) ? { kind, id } : null;
}

function readAuthorized(query: URLSearchParams): Authorized | null {
  const target = readTarget(query);
  const [paymentKey, orderId, amount] = [query.get("paymentKey"), query.get("orderId"), Number(query.get("amount"))];
  if (target === null || paymentKey === null || orderId === null || !Number.isSafeInteger(amount) || amount <= 0) return null;
  return orderId.startsWith(target.id) ? { target, paymentKey, orderId, amount } : null;
}
