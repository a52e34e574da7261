import type { ComponentChildren } from "preact";
import { isRefusal } from "#client";
import { formatInstant } from "../../shared/languages.ts";
import { route, to } from "../router.ts";
import { shop } from "../api.ts";
import { CancelOrder } from "../parts/cancel-order.tsx";
import { isPast } from "../parts/countdown.tsx";
import { OrderAddress } from "../parts/order/order-address.tsx";
import { OrderLines } from "../parts/order/order-lines.tsx";
import { OrderDone, Parcels, Progress } from "../parts/order/progress.tsx";
import { ReceiptHead } from "../parts/order/receipt-head.tsx";
import { Returns } from "../parts/order/returns.tsx";
import { type History, Timeline } from "../parts/order/timeline.tsx";
import { Empty, Failure, Money, Notice, Reason, Skeleton, Title } from "../parts/parts.tsx";
import { PayNow } from "../parts/pay-now.tsx";
import { AmountRow, unpaidReason } from "../parts/pay-with.tsx";
import { type Order as OrderDetail, useUserResource } from "../parts/user-resource.ts";
import { t } from "../words/words.ts";
import { OrderStatus } from "./orders.tsx";

type PageData = { order: OrderDetail; history: History; balance: number };

export function Order({ id }: { id: string }) {
  const page = useUserResource(
    `order ${id}`,
    async (userId, signal): Promise<PageData> => {
      const [order, history, balance] = await Promise.all([
        shop.getOrder({ path: { orderId: id }, signal }),
        shop.getOrderHistory({ path: { orderId: id }, signal }),
        shop.getBalance({ path: { userId }, signal }),
      ]);
      return { order: order.body, history: history.body.events, balance: balance.body.balance };
    },
    { everyMs: (data) => (data?.order.status === "PENDING" || route.peek().query.get("result") === "refunding" ? 3000 : 15_000) },
  );
  if (isRefusal(page.error, "ORDER_NOT_FOUND", "INVALID_REQUEST"))
    return (
      <>
        <Title>{page.error.message}</Title>
        <Empty icon="order" hint={t.value.notFoundHint}>
          <a class="button" href={to("/orders")}>
            {t.value.seeOrders}
          </a>
        </Empty>
      </>
    );
  return (
    <>
      <Title>{route.value.query.get("result") === "placed" ? t.value.orderDone : t.value.order}</Title>
      {!page.data && (page.error === undefined ? <Skeleton lines={5} /> : <Failure error={page.error} retry={() => void page.reload()} />)}
      {page.data && <Detail {...page.data} reload={page.reload} />}
    </>
  );
}

/** Whether the outcome of a card payment is unknown yet. */
const isConfirming = ({ status, payment }: OrderDetail): boolean =>
  status === "PENDING" && (payment?.status === "PENDING" || payment?.status === "UNKNOWN" || payment?.status === "WAITING_FOR_DEPOSIT");

/** Whether the time to pay is over, by the clock: the shop expires the order a little later. */
const isOverdue = (order: OrderDetail): boolean =>
  order.status === "PENDING" && !isConfirming(order) && order.expiresAt !== null && isPast(order.expiresAt);

const isPayable = (order: OrderDetail): boolean => order.status === "PENDING" && !isConfirming(order) && !isOverdue(order);

function Detail({ order, history, balance, reload }: PageData & { reload: () => Promise<void> }) {
  const { orderNumber, status, fulfilmentStatus } = order;
  const payable = isPayable(order);
  const cancellable = payable || order.payment?.status === "WAITING_FOR_DEPOSIT" || (status === "COMPLETED" && fulfilmentStatus === "NONE");
  const amounts = (
    <aside class="sum" key="amounts">
      <Amounts order={order} />
      {payable && <PayNow order={order} balance={balance} reload={reload} />}
      {order.paidAmount > 0 && (
        <button type="button" class="button quiet wide" onClick={() => print()}>
          {t.value.receipt}
        </button>
      )}
      {cancellable && <CancelOrder order={order} changed={reload} />}
      {status === "COMPLETED" && fulfilmentStatus === "PREPARING" && <p class="muted">{t.value.notCancellableNow}</p>}
    </aside>
  );
  const address = status !== "CANCELLED" && status !== "EXPIRED" && <OrderAddress key="address" order={order} changed={reload} />;
  const isAsked = status !== "PENDING" && order.shippingAddress === null;
  return (
    <>
      <ReceiptHead order={order} />
      <div class="stack lead">
        <Notices order={order}>{isAsked && address}</Notices>
        <section class="panel">
          <div class="order-head">
            <OrderStatus order={order} />
            <span>
              <span class="muted">{t.value.orderNumber}</span> <strong class="number order-number">{orderNumber}</strong>
            </span>
          </div>
          {(status === "COMPLETED" || status === "PARTIALLY_REFUNDED") && <Progress order={order} />}
        </section>
      </div>
      <div class="with-aside">
        {/* On a phone an unpaid order begins with its payment. */}
        {payable && amounts}
        <div class="stack" key="details">
          <Parcels order={order} />
          {!isAsked && address}
          <OrderLines order={order} history={history} />
          <Returns order={order} changed={reload} />
          <Timeline history={history} />
        </div>
        {!payable && amounts}
      </div>
    </>
  );
}

/**
 * The outcome of the visitor's last action, and the order's state if it needs an explanation.
 * @param children the question for the missing address, if there is one
 */
function Notices({ order, children }: { order: OrderDetail; children: ComponentChildren }) {
  const { orderId, orderNumber, status, payment } = order;
  const result = route.value.query.get("result");
  const payable = isPayable(order);
  const isDone = (result === "placed" || result === "pending") && status === "COMPLETED";
  return (
    <>
      {isDone && (
        <OrderDone orderNumber={orderNumber} words={result === "placed" ? t.value.placed : t.value.confirmed}>
          {children}
        </OrderDone>
      )}
      {!isDone && children}
      {result === "cancelled" && (status === "CANCELLED" || status === "REFUNDED") && <Notice kind="good">{t.value.cancelled}</Notice>}
      {result === "refunding" && status !== "REFUNDED" && <Notice kind="warn">{t.value.refundUnderWay}</Notice>}
      {payable && result !== "unpaid" && result !== "left" && result !== "refused" && payment?.status === "FAILED" && (
        <Notice kind="bad">{t.value.declined}</Notice>
      )}
      {payable && result === "unpaid" && (
        <Notice kind="bad">
          <p>
            <strong>{t.value.notPaid}</strong>
          </p>
          {unpaidReason.value?.orderId === orderId && <Reason error={unpaidReason.value.error} />}
          <p>{t.value.stillUnpaid}</p>
        </Notice>
      )}
      {payable && result === "left" && <Notice kind="warn">{t.value.leftWindow}</Notice>}
      {payable && result === "refused" && <Notice kind="bad">{t.value.windowFailed}</Notice>}
      {(isOverdue(order) || (status === "EXPIRED" && result !== null)) && <Notice kind="warn">{t.value.expiredNow}</Notice>}
      {isConfirming(order) && payment?.status === "WAITING_FOR_DEPOSIT" && <AwaitedDeposit paymentId={payment.paymentId} amount={order.amountDue} />}
      {isConfirming(order) && payment?.status !== "WAITING_FOR_DEPOSIT" && (
        <Notice kind="warn">
          <p>
            <strong>{t.value.confirming}</strong>
          </p>
          <p>{t.value.confirmingHint}</p>
        </Notice>
      )}
    </>
  );
}

/** The account to which the buyer pays. */
function AwaitedDeposit({ paymentId, amount }: { paymentId: string; amount: number }) {
  const payment = useUserResource(`payment ${paymentId}`, async (_, signal) => (await shop.getPayment({ path: { paymentId }, signal })).body);
  const deposit = payment.data?.deposit;
  return (
    <Notice kind="warn">
      <p>
        <strong>{t.value.depositAwaited}</strong>
      </p>
      {deposit && (
        <p>
          {deposit.bank ?? deposit.bankCode} <code>{deposit.accountNumber}</code>
          <br />
          <Money amount={amount} /> · {t.value.depositUntil(formatInstant(deposit.dueAt))}
        </p>
      )}
    </Notice>
  );
}

function Amounts({ order }: { order: OrderDetail }) {
  const { status, totalAmount, discountAmount, paidAmount, refundedAmount, payment } = order;
  return (
    <dl>
      <AmountRow label={t.value.total} amount={totalAmount} />
      {discountAmount > 0 && <AmountRow label={t.value.discount} amount={-discountAmount} />}
      {status === "PENDING" && <AmountRow label={t.value.toPay} amount={totalAmount - discountAmount} />}
      {payment && status !== "PENDING" && (
        <div>
          <dt>{t.value.paidBy}</dt>
          <dd>{t.value[payment.method]}</dd>
        </div>
      )}
      {paidAmount > 0 && <AmountRow label={t.value.paid} amount={paidAmount} />}
      {refundedAmount > 0 && <AmountRow label={t.value.refunded} amount={refundedAmount} />}
    </dl>
  );
}
