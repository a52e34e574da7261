import { isRefusal } from "#client";
import { formatInstant, formatNumber } from "../../shared/languages.ts";
import { route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Art } from "../parts/art.tsx";
import { CancelOrder } from "../parts/cancel-order.tsx";
import { isPast } from "../parts/countdown.tsx";
import { Empty, Failure, Money, Notice, Reason, Skeleton, Title } from "../parts/parts.tsx";
import { PayNow } from "../parts/pay-now.tsx";
import { AmountRow, unpaidReason } from "../parts/pay-with.tsx";
import { type Order as OrderDetail, useUserResource } from "../parts/user-resource.ts";
import { t } from "../words/words.ts";
import { OrderStatus } from "./orders.tsx";

type History = { type: string; at: string; data: unknown }[];
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
      <Title>{t.value.order}</Title>
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
  const { orderId, status } = order;
  const payable = isPayable(order);
  return (
    <div class="with-aside">
      <div class="stack">
        <Notices order={order} />
        <Items order={order} />
        <Timeline history={history} />
      </div>
      <aside class="sum">
        <Amounts order={order} />
        {payable && <PayNow order={order} balance={balance} reload={reload} />}
        {(payable || status === "COMPLETED") && <CancelOrder order={order} changed={reload} />}
        <p class="muted order-number">
          {t.value.orderNumber}
          <br />
          <code>{orderId}</code>
        </p>
      </aside>
    </div>
  );
}

/** The outcome of the visitor's last action, and the order's state if it needs an explanation. */
function Notices({ order }: { order: OrderDetail }) {
  const { orderId, status, payment } = order;
  const result = route.value.query.get("result");
  const payable = isPayable(order);
  return (
    <>
      {result === "placed" && status === "COMPLETED" && <Notice kind="good">{t.value.placed}</Notice>}
      {result === "pending" && status === "COMPLETED" && <Notice kind="good">{t.value.confirmed}</Notice>}
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

function Items({ order: { status, createdAt, orderItems } }: { order: OrderDetail }) {
  return (
    <section class="panel">
      <div class="order-head">
        <OrderStatus status={status} />
        <span class="muted">{formatInstant(createdAt)}</span>
      </div>
      <ul class="rows plain">
        {orderItems.map((item) => (
          <li class="row" key={item.variantId}>
            <span class="row-art">
              <Art id={item.productId} name={item.name} />
            </span>
            <span class="row-body">
              <a class="row-name" href={to(`/products/${item.productId}`)}>
                <bdi>{item.name}</bdi>
              </a>
              <span class="row-foot">
                <span class="muted">
                  <Money amount={item.unitPrice} /> × {formatNumber(item.quantity)}
                </span>
                <span class="row-amount">
                  <Money amount={item.unitPrice * item.quantity} />
                </span>
              </span>
              {item.refundedQuantity > 0 && <span class="pill">{t.value.refundedOf(item.refundedQuantity)}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
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

const EVENTS = ["order.placed", "order.completed", "order.refunded", "order.partially-refunded", "order.cancelled", "order.expired"] as const;

function Timeline({ history }: { history: History }) {
  return (
    <section class="panel later">
      <h2>{t.value.history}</h2>
      <ol class="timeline">
        {history.map(({ type, at, data }, i) => {
          const known = EVENTS.find((event) => event === type);
          const { amount, customerReason, paidAmount } = (data ?? {}) as { amount?: unknown; customerReason?: unknown; paidAmount?: unknown };
          const shown = typeof amount === "number" ? amount : typeof paidAmount === "number" ? paidAmount : null;
          return (
            <li key={i}>
              <span>
                {known ? t.value[known] : type}
                {shown !== null && (
                  <>
                    {" · "}
                    <Money amount={shown} />
                  </>
                )}
              </span>
              {typeof customerReason === "string" && <bdi class="muted">{customerReason}</bdi>}
              <time class="muted" dateTime={at}>
                {formatInstant(at)}
              </time>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
