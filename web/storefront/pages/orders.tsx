import { useSignal } from "@preact/signals";
import { everyPage } from "#client";
import { formatInstant } from "../../shared/languages.ts";
import { shop } from "../api.ts";
import { ProductArt } from "../parts/product-art.tsx";
import { type ListedOrder, type Order, useUserResource } from "../parts/user-resource.ts";
import { Empty, Failure, Money, Skeleton, Title } from "../parts/parts.tsx";
import { to } from "../router.ts";
import { t } from "../words/words.ts";
import { itemName } from "../names.ts";

export function Orders() {
  const pages = useSignal(1);
  const orders = useUserResource(`orders ${pages.value}`, (userId, signal) => readOrders(userId, pages.value, signal));
  // The list stays while its next page is loading.
  const latest = useSignal(orders.data);
  if (orders.data && latest.peek() !== orders.data) latest.value = orders.data;
  const shown = orders.data ?? latest.value;
  return (
    <>
      <Title>{t.value.orders}</Title>
      {!shown && (orders.error === undefined ? <Skeleton lines={5} /> : <Failure error={orders.error} retry={() => void orders.reload()} />)}
      {shown?.orders.length === 0 && (
        <Empty icon="order" title={t.value.noOrders} hint={t.value.noOrdersHint}>
          <a class="button" href={to("/")}>
            {t.value.browse}
          </a>
        </Empty>
      )}
      <ul class="rows">
        {shown?.orders.map((order) => (
          <OrderRow key={order.orderId} order={order} />
        ))}
      </ul>
      {shown?.more && (
        <p class="more">
          <button type="button" class="button quiet" onClick={() => (pages.value += 1)}>
            {t.value.more}
          </button>
        </p>
      )}
    </>
  );
}

async function readOrders(userId: string, count: number, signal: AbortSignal): Promise<{ orders: ListedOrder[]; more: boolean }> {
  const orders: ListedOrder[] = [];
  let pages = 0;
  for await (const page of everyPage((from) => shop.listUserOrders({ path: { userId }, query: { limit: 20, ...from }, signal }))) {
    orders.push(...page.orders);
    if (++pages === count) return { orders, more: page.nextCursor !== null };
  }
  return { orders, more: false };
}

function OrderRow({ order }: { order: ListedOrder }) {
  const { orderId, orderNumber, orderItems, itemCount, totalAmount, discountAmount, createdAt } = order;
  const [first] = orderItems;
  return (
    <li>
      <a class="row link" href={to(`/orders/${orderId}`)}>
        <span class="row-art">{first && <ProductArt id={first.productId} variantId={first.variantId} name={first.name} />}</span>
        <span class="row-body">
          <OrderStatus order={order} />
          {lacksAddress(order) && <span class="row-warning">{t.value.addressMissing}</span>}
          <span class="row-name clamp">
            <bdi>{t.value.andMore(first ? itemName(first) : "", itemCount - 1)}</bdi>
          </span>
          <span class="row-foot">
            <span class="muted">{formatInstant(createdAt)}</span>
            <span class="muted number order-number">{orderNumber}</span>
            <span class="row-amount">
              <Money amount={totalAmount - discountAmount} />
            </span>
          </span>
        </span>
      </a>
    </li>
  );
}

/** Whether the shop cannot ship a paid order, because its buyer has given no address. */
const lacksAddress = ({ status, fulfilmentStatus, shippingAddress }: ListedOrder): boolean =>
  (status === "COMPLETED" || status === "PARTIALLY_REFUNDED") && fulfilmentStatus === "NONE" && shippingAddress === null;

/** The state of the goods once the order is paid, else of the payment. */
export function OrderStatus({ order: { status, fulfilmentStatus } }: { order: Pick<Order, "status" | "fulfilmentStatus"> }) {
  const goods = {
    NONE: t.value.COMPLETED,
    PREPARING: t.value.stepPreparing,
    PARTIALLY_SHIPPED: t.value.partlyShipped,
    SHIPPED: t.value.stepShipped,
    DELIVERED: t.value.stepDelivered,
  };
  return <span class={`pill state-${status.toLowerCase()}`}>{status === "COMPLETED" ? goods[fulfilmentStatus] : t.value[status]}</span>;
}
