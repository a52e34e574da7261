// A process of the simulated shop: the real till, commands and caches, until it dies.

import { chargeBalance } from "../../../src/balance/charge-balance.ts";
import { createUsers } from "../../../src/balance/create-users.ts";
import { grantBalances } from "../../../src/balance/grant-balances.ts";
import { addToCart, removeFromCart, setQuantity } from "../../../src/cart/edit-cart.ts";
import { adjustStock } from "../../../src/catalog/adjust-stock.ts";
import { createProducts } from "../../../src/catalog/create-products.ts";
import { editProduct } from "../../../src/catalog/edit-product.ts";
import { VariantCache } from "../../../src/catalog/variant-cache.ts";
import type { CampaignView } from "../../../src/coupon/campaign-view.ts";
import { createCampaign, editCampaign } from "../../../src/coupon/edit-campaign.ts";
import { expireCoupon } from "../../../src/coupon/expire-coupon.ts";
import { issueCoupon } from "../../../src/coupon/issue-coupon.ts";
import type { Database } from "../../../src/database/pool.ts";
import { deliverShipment } from "../../../src/fulfilment/deliver-shipment.ts";
import { rejectReturn, withdrawReturn } from "../../../src/fulfilment/end-return.ts";
import { prepareOrder } from "../../../src/fulfilment/prepare-order.ts";
import { receiveReturn } from "../../../src/fulfilment/receive-return.ts";
import { requestReturn } from "../../../src/fulfilment/request-return.ts";
import { shipOrder } from "../../../src/fulfilment/ship-order.ts";
import type { Started } from "../../../src/idempotency/two-phase.ts";
import { orders } from "../../../src/order/order.sql.ts";
import { eraseUser } from "../../../src/privacy/erase-user.ts";
import { OrderCache } from "../../../src/order/order-cache.ts";
import { NO_VIEWER } from "../../../src/order/order-view.ts";
import { placeOrder } from "../../../src/order/place-order.ts";
import { cancelOrder } from "../../../src/order/cancel-order.ts";
import { expireOrder } from "../../../src/order/expire-order.ts";
import { refundOrder } from "../../../src/order/refund/refund-order.ts";
import { payOrder } from "../../../src/order/payment/pay-order.ts";
import type { Command } from "../../../src/till/command.ts";
import type { OpenRound, Store } from "../../../src/till/store.ts";
import { LocalTill, type Till } from "../../../src/till/till.ts";
import type { VirtualClock } from "../../support/virtual-clock.ts";
import { campaignTerms } from "./campaign-terms.ts";
import { NO_DROPS, NO_LINE } from "../../support/no-drops.ts";
import { BALANCE_MAX, CANCEL_WITHIN_MS, NOTE, ORDER_EXPIRES_AFTER_MS, RETURN_WITHIN_MS, type Step } from "./steps.ts";

/** Commands with the caches of their process. */
export type Commands = ReturnType<typeof openCommands>;
export function openCommands(database: Database, now: () => number) {
  const variantCache = new VariantCache(database);
  const orderCache = new OrderCache(database, NO_DROPS);
  return {
    editProduct: editProduct(database),
    addToCart: addToCart(variantCache),
    setQuantity: setQuantity(database),
    placeOrder: placeOrder(variantCache, database, NO_DROPS),
    payOrder: payOrder(orderCache),
    cancelOrder: cancelOrder(orderCache),
    refundOrder: refundOrder(orderCache),
    expireOrder: expireOrder(orderCache),
    rejectReturn: rejectReturn(database),
    receiveReturn: withRefund(receiveReturn(database, orderCache)),
    eraseUser: eraseUser(database, now),
  };
}

export type ProcessOptions = {
  number: number;
  store: Store;
  clock: VirtualClock;
  commands: Commands;
  onFault: (command: string, error: unknown) => void;
  forget: () => void;
};

export class Process {
  readonly number: number;
  readonly till: Till;
  readonly died: Promise<void>;
  dead = false;
  #resolveDied = (): void => {};
  readonly #openRounds = new Set<OpenRound>();
  /** Discards the decisions of a dead process. */
  readonly #forget: () => void;
  readonly #commands: Commands;

  constructor({ number, store, clock, commands, onFault, forget }: ProcessOptions) {
    this.number = number;
    this.#forget = forget;
    this.died = new Promise((resolve) => (this.#resolveDied = resolve));
    // Small rounds conflict with each other while they run; large rounds have many commands.
    this.till = new LocalTill({ store: this.#untilDeath(store), clock, waitMs: 3000, roundSize: number % 2 === 0 ? 4 : 16, onFault });
    this.#commands = commands;
  }

  /** Requests that it has sent still arrive, without a response; the store releases its locks. */
  die(): void {
    this.dead = true;
    for (const round of this.#openRounds) round.release();
    this.#resolveDied();
  }

  #untilDeath(store: Store): Store {
    const lock: Store["lock"] = async (needs, waitMs) => {
      if (this.dead) return never();
      const round = await store.lock(needs, waitMs);
      this.#openRounds.add(round);
      if (this.dead) {
        round.release();
        return never();
      }
      return {
        loaded: round.loaded,
        now: round.now,
        commit: async (roundId, changes) => {
          if (this.dead) {
            this.#forget();
            return never();
          }
          this.#openRounds.delete(round);
          await round.commit(roundId, changes).catch((error: unknown) => (this.dead ? never() : Promise.reject(error as Error)));
          if (this.dead) return never();
        },
        release: () => {
          if (this.dead) return this.#forget();
          this.#openRounds.delete(round);
          round.release();
        },
      };
    };
    return { lock, outcome: (roundId) => (this.dead ? never() : store.outcome(roundId)) };
  }

  commandFor(step: Step): [Command<unknown, unknown>, unknown] {
    const as = <Input, Answer>(command: Command<Input, Answer>, input: Input): [Command<unknown, unknown>, unknown] => [command, input];
    const commands = this.#commands;
    const balanceMax = BALANCE_MAX;
    switch (step.kind) {
      case "charge":
        return as(chargeBalance, { ...step, balanceMax });
      case "grant":
        return as(grantBalances, { grants: step.userIds.map((userId) => ({ userId, amount: step.amount, reason: "simulated" })), balanceMax });
      case "create user":
        return as(createUsers, { users: [{ name: "a user", externalId: step.externalId }], bulk: false });
      case "create product":
        return as(createProducts, { products: [{ name: "a product", status: saleStatus(step), variants: step.variants }] });
      case "edit product":
        return as(commands.editProduct, {
          productId: step.productId,
          status: saleStatus(step),
          ...(step.price === null ? {} : { price: step.price }),
        });
      case "adjust stock":
        return as(adjustStock(NO_LINE), { ...step, reason: "simulated" });
      case "create campaign":
        return as(inTerms(createCampaign), { name: "a campaign", ...step.terms });
      case "edit campaign":
        return as(inTerms(editCampaign), { couponId: step.couponId, fields: step.terms });
      case "issue coupon":
        return as(issueCoupon, { ...step, timezone: "Asia/Seoul" });
      case "expire coupons":
        return as(expireCoupon, step);
      case "add to cart":
        return as(commands.addToCart, withoutNull(step));
      case "set quantity":
        return as(commands.setQuantity, { ...step });
      case "remove from cart":
        return as(removeFromCart, step);
      case "place order":
        return as(commands.placeOrder, {
          ...step,
          lineItems: step.lineItems?.map(withoutNull) ?? null,
          note: step.note ? NOTE : undefined,
          orderedAt: null,
          expiresAfterMs: ORDER_EXPIRES_AFTER_MS,
          viewer: NO_VIEWER,
        });
      case "pay order":
        return as(commands.payOrder, step);
      case "cancel order":
        return as(commands.cancelOrder, { ...step, askAfterMs: 0, cancelWithinMs: CANCEL_WITHIN_MS, viewer: NO_VIEWER });
      case "refund order":
        return as(commands.refundOrder, { ...step, reason: "simulated", customerReason: null, askAfterMs: 0, viewer: NO_VIEWER });
      case "expire order":
        return as(commands.expireOrder, { orderId: step.orderId });
      case "prepare order":
        return as(prepareOrder, { orderId: step.orderId, viewer: NO_VIEWER });
      case "ship order":
        return as(shipOrder, { ...step, carrier: "a carrier", trackingNumber: "1", trackingUrl: null, viewer: NO_VIEWER });
      case "deliver shipment":
        return as(deliverShipment, { ...step, viewer: NO_VIEWER });
      case "request return":
        return as(requestReturn, { ...step, reason: "simulated", returnWithinMs: RETURN_WITHIN_MS });
      case "withdraw return":
        return as(withdrawReturn, step);
      case "reject return":
        return as(commands.rejectReturn, { returnId: step.returnId, reason: "simulated", customerReason: null });
      case "receive return":
        return as(commands.receiveReturn, { returnId: step.returnId, restock: step.restock, askAfterMs: 0 });
      case "erase user":
        return as(commands.eraseUser, { userId: step.userId });
    }
  }
}

/** The same command, with its answer in the terms of the model. */
function inTerms<Input>(command: Command<Input, CampaignView>): Command<Input, unknown> {
  return { ...command, decide: (uow, input) => campaignTerms(command.decide(uow, input)) };
}

/** The same command, with the amount that the order's refunds add up to. */
function withRefund<Input extends { orderId?: string }, Answer>(
  command: Command<Input, Started<Answer>>,
): Command<Input, Started<Answer & { refundedAmount: number }>> {
  return {
    ...command,
    decide: (uow, input) => {
      const started = command.decide(uow, input);
      if (started.kind === "attempt") return started;
      return { kind: "answer", answer: { ...started.answer, refundedAmount: uow.find(orders, input.orderId ?? "")?.refundedAmount ?? 0 } };
    },
  };
}

const saleStatus = ({ forSale }: { forSale: boolean }): "ON_SALE" | "NOT_FOR_SALE" => (forSale ? "ON_SALE" : "NOT_FOR_SALE");

function withoutNull<T extends { productId: string; variantId: string | null; quantity: number }>({
  variantId,
  ...rest
}: T): Omit<T, "variantId"> & { variantId?: string } {
  return variantId === null ? rest : { ...rest, variantId };
}

function never(): Promise<never> {
  return new Promise(() => {});
}
