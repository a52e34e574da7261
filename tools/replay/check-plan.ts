import { amountOf, total } from "./plan-orders.ts";
import type { PlannedOrder } from "./plan-orders.ts";
import type { Plan, PlannedProduct } from "./plan.ts";
import { cancellationReason, externalIdOf, keyIn, keys, skuIn, userNameOf } from "./names.ts";

/** The limits of the shop's OpenAPI document. */
const MAX = {
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

/** Everything in the plan that the shop would refuse, found before the first request. */
export function planFaults(plan: Plan, batch: string): string[] {
  const tooLong = (what: string, text: string, max: number): string[] =>
    [...text].length > max ? [`${what}: ${JSON.stringify(`${text.slice(0, 40)}…`)} is longer than ${max} characters`] : [];
  const longKey = (what: string, key: string): string[] =>
    keyIn(batch, key).length > MAX.keyLength ? [`${what}: its number results in an idempotency key of more than ${MAX.keyLength} characters`] : [];
  return [
    ...plan.customers.flatMap(({ customer, spends }) => [
      ...tooLong("customer", userNameOf(customer), MAX.userNameLength),
      ...tooLong("customer", externalIdOf(batch, customer), MAX.externalIdLength),
      ...(spends > MAX.money ? [`customer ${customer}: orders total ${spends} pence, but a balance holds at most ${MAX.money}`] : []),
    ]),
    ...plan.products.flatMap((product) => [
      ...productFaults(product),
      ...tooLong(`stock code ${product.stockCode}`, product.name, MAX.nameLength),
      ...product.variants.slice(-1).flatMap(({ sku }) => tooLong(`stock code ${product.stockCode}`, skuIn(batch, sku), MAX.skuLength)),
      ...longKey(`stock code ${product.stockCode}`, keys.product(product)),
    ]),
    ...plan.orders.flatMap((order) => [...orderFaults(order), ...longKey(`invoice ${order.invoice}`, keys.grant(order.invoice))]),
    ...plan.refunds.flatMap(({ cancellation, invoice }) => [
      ...tooLong(`cancellation ${cancellation}`, cancellationReason(cancellation), MAX.reasonLength),
      ...longKey(`cancellation ${cancellation}`, keys.refund(cancellation, invoice)),
    ]),
  ];
}

function productFaults({ stockCode, variants }: PlannedProduct): string[] {
  const tooMany =
    variants.length > MAX.variants ? [`stock code ${stockCode}: ${variants.length} prices, but a product has at most ${MAX.variants}`] : [];
  const tooExpensive = variants.some(({ price }) => price > MAX.money) ? [`stock code ${stockCode}: a price of more than ${MAX.money} pence`] : [];
  return [...tooMany, ...tooExpensive];
}

function orderFaults({ invoice, lines, otherCustomers }: PlannedOrder): string[] {
  return [
    ...(otherCustomers.length > 0 ? [`invoice ${invoice}: more than one customer (also ${otherCustomers.join(", ")})`] : []),
    ...(lines.length > MAX.lineItems ? [`invoice ${invoice}: ${lines.length} line items, but an order has at most ${MAX.lineItems}`] : []),
    ...lines
      .filter(({ quantity }) => quantity > MAX.quantity)
      .map(({ sku, quantity }) => `invoice ${invoice}: ${quantity} of ${sku}, but an order has at most ${MAX.quantity} of a variant`),
    ...(total(lines, amountOf) > MAX.money ? [`invoice ${invoice}: more than ${MAX.money} pence`] : []),
  ];
}
