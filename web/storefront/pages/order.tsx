import { useSignal } from "@preact/signals";
import { isRefusal } from "#client";
import { formatInstant, formatMoney, formatNumber } from "../../shared/languages.ts";
import { facts, shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { Art } from "../parts/art.tsx";
import { CancelOrder } from "../parts/cancel-order.tsx";
import { Countdown, isPast } from "../parts/countdown.tsx";
import { type Order as OrderOfShop, useMine } from "../parts/mine.ts";
import { Empty, Failure, Money, Notice, Reason, Skeleton, Spinner, Title } from "../parts/parts.tsx";
import { type Method, Paid, PayWith, payByCard, type SimulatedOutcome, why } from "../parts/pay-with.tsx";
import { place, replace, to } from "../../shared/router.ts";
import { t } from "../words/words.ts";
import { OrderStatus } from "./orders.tsx";

type History = { type: string; at: string; data: unknown }[];
type Seen = { order: OrderOfShop; history: History; balance: number };

export function Order({ id }: { id: string }) {
  const seen = useMine(
    `order ${id}`,
    async (userId, signal): Promise<Seen> => {
      const [order, history, balance] = await Promise.all([
        shop.getOrder({ path: { orderId: id }, signal }),
        shop.getOrderHistory({ path: { orderId: id }, signal }),
        shop.getBalance({ path: { userId }, signal }),
      ]);
      return { order: order.body, history: history.body.events, balance: balance.body.balance };
    },
    { everyMs: (data) => (data?.order.status === "PENDING" || place.peek().query.get("result") === "refunding" ? 3000 : 15_000) },
  );
  if (isRefusal(seen.error, "ORDER_NOT_FOUND", "INVALID_REQUEST"))
    return (
      <>
        <Title>{seen.error.message}</Title>
        <Empty icon="order" hint={t.value.notHereHint}>
          <a class="button" href={to("/orders")}>
            {t.value.seeOrders}
          </a>
        </Empty>
      </>
    );
  return (
    <>
      <Title>{t.value.order}</Title>
      {!seen.data && (seen.error === undefined ? <Skeleton lines={5} /> : <Failure error={seen.error} retry={() => void seen.reload()} />)}
      {seen.data && <Detail {...seen.data} reload={seen.reload} />}
    </>
  );
}

/** Whether a card's outcome is still on its way. */
const isOpen = ({ status, payment }: OrderOfShop): boolean =>
  status === "PENDING" && (payment?.status === "PENDING" || payment?.status === "UNKNOWN");

function Detail({ order, history, balance, reload }: Seen & { reload: () => Promise<void> }) {
  const { orderId, status, orderItems, totalAmount, discountAmount, paidAmount, refundedAmount, payment, createdAt } = order;
  const result = place.value.query.get("result");
  const over = status === "PENDING" && !isOpen(order) && order.expiresAt !== null && isPast(order.expiresAt);
  const payable = status === "PENDING" && !isOpen(order) && !over;
  return (
    <div class="with-aside">
      <div class="stack">
        {result === "placed" && status === "COMPLETED" && <Notice kind="good">{t.value.placed}</Notice>}
        {result === "pending" && status === "COMPLETED" && <Notice kind="good">{t.value.confirmed}</Notice>}
        {result === "cancelled" && (status === "CANCELLED" || status === "REFUNDED") && <Notice kind="good">{t.value.cancelled}</Notice>}
        {result === "refunding" && status !== "REFUNDED" && <Notice kind="warn">{t.value.refundUnderWay}</Notice>}
        {payable && result !== "unpaid" && payment?.status === "FAILED" && <Notice kind="bad">{t.value.declined}</Notice>}
        {payable && result === "unpaid" && (
          <Notice kind="bad">
            <p>
              <strong>{t.value.notPaid}</strong>
            </p>
            {why.value?.orderId === orderId && <Reason error={why.value.error} />}
            <p>{t.value.stillUnpaid}</p>
          </Notice>
        )}
        {(over || (status === "EXPIRED" && result !== null)) && <Notice kind="warn">{t.value.expiredNow}</Notice>}
        {isOpen(order) && (
          <Notice kind="warn">
            <p>
              <strong>{t.value.confirming}</strong>
            </p>
            <p>{t.value.confirmingHint}</p>
          </Notice>
        )}
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
        <Timeline history={history} />
      </div>
      <aside class="sum">
        <dl>
          <Paid label={t.value.total} amount={totalAmount} />
          {discountAmount > 0 && <Paid label={t.value.discount} amount={-discountAmount} />}
          {status === "PENDING" && <Paid label={t.value.toPay} amount={totalAmount - discountAmount} />}
          {payment && status !== "PENDING" && (
            <div>
              <dt>{t.value.paidBy}</dt>
              <dd>{t.value[payment.method]}</dd>
            </div>
          )}
          {paidAmount > 0 && <Paid label={t.value.paid} amount={paidAmount} />}
          {refundedAmount > 0 && <Paid label={t.value.refunded} amount={refundedAmount} />}
        </dl>
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

function PayNow({ order, balance, reload }: { order: OrderOfShop; balance: number; reload: () => Promise<void> }) {
  const toPay = order.totalAmount - order.discountAmount;
  const method = useSignal<Method>("BALANCE");
  const outcome = useSignal<SimulatedOutcome>("approve");
  const pay = useAttempt(async (mine, chosen: { method: Method; outcome: SimulatedOutcome }) => {
    try {
      let result = "placed";
      if (chosen.method === "CARD") result = await payByCard(mine, order.orderId, toPay, chosen.outcome);
      else await mine.shop.payOrder({ body: { orderId: order.orderId, method: "BALANCE", expectedAmount: toPay }, idempotencyKey: mine.key });
      if (!mine.here()) return;
      replace(to(`/orders/${order.orderId}`, { result }));
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
        void pay.run({ method: method.value, outcome: outcome.value });
      }}
    >
      {order.expiresAt && <Countdown to={order.expiresAt} label={t.value.payWithin} />}
      <p class="muted">{t.value.heldWhenPaid}</p>
      <PayWith
        method={method}
        outcome={outcome}
        balance={balance}
        toPay={toPay}
        cards={facts.value?.cards ?? "gateway"}
        fixed={pay.busy || pay.open !== null}
      />
      {pay.error !== undefined && <Failure error={pay.error} />}
      {pay.open && !pay.busy && <Notice kind="warn">{t.value.payUnheard}</Notice>}
      <button
        type="submit"
        class="button primary wide"
        disabled={!pay.busy && !pay.open && method.value === "BALANCE" && balance < toPay}
        aria-disabled={pay.busy}
      >
        {pay.busy && <Spinner />}
        {pay.busy ? t.value.paying : pay.open ? `${t.value.findOut} · ${formatMoney(toPay)}` : t.value.pay(toPay)}
      </button>
    </form>
  );
}

const EVENTS = ["order.placed", "order.completed", "order.refunded", "order.partially-refunded", "order.cancelled", "order.expired"] as const;

function Timeline({ history }: { history: History }) {
  return (
    <section class="panel later">
      <h2>{t.value.history}</h2>
      <ol class="timeline">
        {history.map(({ type, at, data }, i) => {
          const known = EVENTS.find((one) => one === type);
          const { amount, customerReason, paidAmount } = (data ?? {}) as { amount?: unknown; customerReason?: unknown; paidAmount?: unknown };
          const moved = typeof amount === "number" ? amount : typeof paidAmount === "number" ? paidAmount : null;
          return (
            <li key={i}>
              <span>
                {known ? t.value[known] : type}
                {moved !== null && (
                  <>
                    {" · "}
                    <Money amount={moved} />
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
