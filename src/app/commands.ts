// All commands of the shop, by name. Workers name them, and the process that has the till executes them.

import { chargeBalance } from "../balance/charge-balance.ts";
import { editUser } from "../balance/edit-user.ts";
import { eraseUser } from "../privacy/erase-user.ts";
import { createUsers } from "../balance/create-users.ts";
import { grantBalances } from "../balance/grant-balances.ts";
import { revokeBalances } from "../balance/revoke-balances.ts";
import { openCharge } from "../balance/open-charge.ts";
import { findUser, provisionUser } from "../balance/provision-user.ts";
import { startCharge } from "../balance/start-charge.ts";
import { addToCart, emptyCart, removeFromCart, setQuantity } from "../cart/edit-cart.ts";
import { addVariant } from "../catalog/add-variant.ts";
import { adjustStock } from "../catalog/adjust-stock.ts";
import { changeStock } from "../catalog/change-stock.ts";
import { createProducts } from "../catalog/create-products.ts";
import { editProduct, editVariant } from "../catalog/edit-product.ts";
import { putProduct } from "../catalog/put-product.ts";
import type { VariantCache } from "../catalog/variant-cache.ts";
import { closeCampaign, createCampaign, editCampaign } from "../coupon/edit-campaign.ts";
import { expireCoupon } from "../coupon/expire-coupon.ts";
import { issueCoupon } from "../coupon/issue-coupon.ts";
import { issueCoupons } from "../coupon/issue-coupons.ts";
import { voidCampaign } from "../coupon/void-campaign.ts";
import type { Now } from "../database/clock.ts";
import type { Database } from "../database/pool.ts";
import { dropCommands } from "../drop/drop-commands.ts";
import { stockLine } from "../drop/stock-line.ts";
import type { ProductDrops } from "../drop/product-drops.ts";
import { deliverShipment } from "../fulfilment/deliver-shipment.ts";
import { rejectReturn, withdrawReturn } from "../fulfilment/end-return.ts";
import { prepareOrder } from "../fulfilment/prepare-order.ts";
import { receiveReturn } from "../fulfilment/receive-return.ts";
import { requestReturn } from "../fulfilment/request-return.ts";
import { shipOrder } from "../fulfilment/ship-order.ts";
import { shipOrders } from "../fulfilment/ship-orders.ts";
import { answerOf, findStoredResponse, idempotent, keyedAnswer, repeatOutcome } from "../idempotency/idempotent-command.ts";
import { findStored, startedAnswer, startOnce, type Started, storedAnswer, storeResponse } from "../idempotency/two-phase.ts";
import { journaled, startWork, writeEntry } from "../journal/journaled.ts";
import { cancelOrder } from "../order/cancel-order.ts";
import { editOrder } from "../order/edit-order.ts";
import { expireOrder } from "../order/expire-order.ts";
import type { OrderCache } from "../order/order-cache.ts";
import { payOrder } from "../order/payment/pay-order.ts";
import { startCardPayment } from "../order/payment/start-card-payment.ts";
import { placeOrder } from "../order/place-order.ts";
import { refundOrder } from "../order/refund/refund-order.ts";
import { bookGatewayCancel } from "../settlement/book-refund.ts";
import { resolveAttention } from "../settlement/resolve.ts";
import { settleCharge } from "../settlement/settle-charge.ts";
import { settlePayment } from "../settlement/settle-payment.ts";
import { settleRefund } from "../settlement/settle-refund.ts";
import type { Command } from "../till/command.ts";

export type CommandParts = {
  database: Database;
  now: Now;
  variantCache: VariantCache;
  orderCache: OrderCache;
  productDrops: ProductDrops;
  /** Whether the shop takes cards. */
  cardsAreTaken: boolean;
};

type AnyCommand = Command<unknown, unknown>;

/** Every command that a route, a job or settlement submits, in all of its forms. */
export function commandsByName(parts: CommandParts): ReadonlyMap<string, AnyCommand> {
  const all = [
    ...singleCommands(parts).flatMap(withOperators),
    ...startedCommands(parts).flatMap((command) => startedWithOperators(command as Command<unknown, Started<unknown>>)),
    findStoredResponse,
    findStored,
    storeResponse,
    writeEntry,
    startWork,
  ] as AnyCommand[];
  const byName = new Map(all.map((command) => [command.name, command]));
  if (byName.size < all.length) throw new Error("two commands have the same name");
  return byName;
}

/** A command, its idempotent form, and both with an entry of the operators' journal. */
function withOperators(single: AnyCommand): AnyCommand[] {
  const once = idempotent(single);
  return [single, once, journaled(single, answerOf(single)), journaled(once, keyedAnswer)] as AnyCommand[];
}

function startedWithOperators(begin: Command<unknown, Started<unknown>>): AnyCommand[] {
  const once = startOnce(begin);
  return [begin, once, journaled(begin, startedAnswer), journaled(once, storedAnswer)] as AnyCommand[];
}

/** Commands that are done in one round. */
function singleCommands({ database, now, variantCache, orderCache, productDrops }: CommandParts): AnyCommand[] {
  return [
    createUsers,
    editUser,
    eraseUser(database, now),
    provisionUser,
    findUser,
    grantBalances,
    revokeBalances,
    chargeBalance,
    openCharge,
    createProducts,
    editProduct(database),
    editVariant(database),
    addVariant(database),
    putProduct(database),
    adjustStock(stockLine(database)),
    changeStock(stockLine(database)),
    createCampaign,
    editCampaign,
    closeCampaign,
    issueCoupon,
    issueCoupons,
    voidCampaign(database),
    expireCoupon,
    ...dropCommands({ database, variantCache, productDrops }),
    addToCart(variantCache),
    setQuantity(database),
    removeFromCart,
    emptyCart,
    placeOrder(variantCache, database, productDrops),
    payOrder(orderCache),
    expireOrder(orderCache),
    editOrder,
    shipOrder,
    shipOrders(database),
    prepareOrder,
    deliverShipment,
    requestReturn,
    withdrawReturn,
    rejectReturn(database),
    settlePayment(orderCache),
    settleRefund(orderCache),
    settleCharge,
    bookGatewayCancel(orderCache),
    resolveAttention(database, orderCache),
    repeatOutcome,
  ] as AnyCommand[];
}

/** Commands that may start an attempt at the gateway. */
function startedCommands({ database, orderCache, cardsAreTaken }: CommandParts): AnyCommand[] {
  return [
    startCharge,
    startCardPayment(orderCache, cardsAreTaken),
    cancelOrder(orderCache),
    refundOrder(orderCache),
    receiveReturn(database, orderCache),
  ] as AnyCommand[];
}
