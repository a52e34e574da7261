import { amountOf, total } from "./plan-orders.ts";
import type { PlannedOrder } from "./plan-orders.ts";
import type { Plan, PlannedProduct } from "./plan.ts";
import { cancellationReason, externalIdOf, keyIn, keys, skuIn, userNameOf } from "./names.ts";

/** As the shop's document has them. */
const MOST = {
  nameLength: 300,
  userNameLength: 200,
  externalIdLength: 200,
  skuLength: 100,
  reasonLength: 500,
  keyLength: 255,
  variants: 200,
  lineItems: 2_000,
  quantity: 1_000_000,
  money: 1_000_000_000_000,
};

/** Everything for which the shop would refuse a part of the plan, found before the first call. */
export function planFaults(plan: Plan, batch: string): string[] {
  const longest = (what: string, text: string, most: number): string[] =>
    [...text].length > most ? [`${what}: ${JSON.stringify(`${text.slice(0, 40)}…`)} is longer than ${most} characters`] : [];
  const longKey = (what: string, key: string): string[] =>
    keyIn(batch, key).length > MOST.keyLength ? [`${what}: its number makes an idempotency key of more than ${MOST.keyLength} characters`] : [];
  return [
    ...plan.customers.flatMap(({ customer, spends }) => [
      ...longest("customer", userNameOf(customer), MOST.userNameLength),
      ...longest("customer", externalIdOf(batch, customer), MOST.externalIdLength),
      ...(spends > MOST.money ? [`customer ${customer}: orders come to ${spends} pence, more than the ${MOST.money} that a balance holds`] : []),
    ]),
    ...plan.products.flatMap((product) => [
      ...productFaults(product),
      ...longest(`article ${product.stockCode}`, product.name, MOST.nameLength),
      ...product.variants.slice(-1).flatMap(({ sku }) => longest(`article ${product.stockCode}`, skuIn(batch, sku), MOST.skuLength)),
      ...longKey(`article ${product.stockCode}`, keys.product(product)),
    ]),
    ...plan.orders.flatMap((order) => [...orderFaults(order), ...longKey(`invoice ${order.invoice}`, keys.grant(order.invoice))]),
    ...plan.refunds.flatMap(({ cancellation, invoice }) => [
      ...longest(`cancellation ${cancellation}`, cancellationReason(cancellation), MOST.reasonLength),
      ...longKey(`cancellation ${cancellation}`, keys.refund(cancellation, invoice)),
    ]),
  ];
}

function productFaults({ stockCode, variants }: PlannedProduct): string[] {
  const tooMany =
    variants.length > MOST.variants ? [`article ${stockCode}: ${variants.length} prices, and a product has at most ${MOST.variants}`] : [];
  const tooDear = variants.some(({ price }) => price > MOST.money) ? [`article ${stockCode}: a price of more than ${MOST.money} pence`] : [];
  return [...tooMany, ...tooDear];
}

function orderFaults({ invoice, lines, otherCustomers }: PlannedOrder): string[] {
  return [
    ...(otherCustomers.length > 0 ? [`invoice ${invoice}: more than one customer (also ${otherCustomers.join(", ")})`] : []),
    ...(lines.length > MOST.lineItems ? [`invoice ${invoice}: ${lines.length} line items, and an order has at most ${MOST.lineItems}`] : []),
    ...lines
      .filter(({ quantity }) => quantity > MOST.quantity)
      .map(({ sku, quantity }) => `invoice ${invoice}: ${quantity} of ${sku}, and an order has at most ${MOST.quantity} of one`),
    ...(total(lines, amountOf) > MOST.money ? [`invoice ${invoice}: more than ${MOST.money} pence`] : []),
  ];
}
