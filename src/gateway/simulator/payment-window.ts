// The simulator's payment window: a session opened by the SDK's stand-in for one order id and amount, and a page on which a buyer pays, is
// declined or leaves.

import { randomUUID } from "node:crypto";
import { GATEWAY_METHODS, type GatewayMethod } from "../../payment-settings.ts";
import { amountFromWire, amountToWire } from "../toss/amounts.ts";
import type { GatewayLedger } from "./ledger.ts";

/** The arguments of the SDK's `requestPayment`. `amount` in minor units. */
type OpenWindow = {
  orderId: string;
  orderName: string;
  amount: number;
  taxFree: number;
  way: GatewayMethod;
  validHours: number | undefined;
  successUrl: string;
  failUrl: string;
};

/** A buyer's action in the window, and the beginning of the payment's key, which decides the answer to its confirmation (script.ts). */
export const WINDOW_ACTS = { pay: "", refuse: "decline-", delay: "timeout-", leave: "" };
export type WindowAct = keyof typeof WINDOW_ACTS;

const ORDER_ID = /^[a-zA-Z0-9\-_=]{6,64}$/;
/** Part of the keys of windows, which belong to one payment. */
const WINDOW_KEY = "tsim_";

export class PaymentWindows {
  readonly #windows = new Map<string, OpenWindow>();
  readonly #ledger: GatewayLedger;
  readonly #currency: string;

  constructor(ledger: GatewayLedger, currency: string) {
    this.#ledger = ledger;
    this.#currency = currency;
  }

  /** Opens a window for the arguments of the SDK's `requestPayment`. Undefined if they are not valid. */
  open(wanted: Record<string, unknown>): { id: string } | undefined {
    const { orderId, orderName, method, successUrl, failUrl, customerKey } = wanted;
    const { currency, value } = (wanted["amount"] ?? {}) as Record<string, unknown>;
    const amount = currency === this.#currency ? amountFromWire(value, this.#currency) : undefined;
    const taxFree = amountFromWire(wanted["taxFreeAmount"] ?? 0, this.#currency) ?? -1;
    const way = GATEWAY_METHODS.find((name) => name === method);
    const { validHours } = (wanted["virtualAccount"] ?? {}) as Record<string, unknown>;
    const isNamed =
      typeof orderId === "string" && ORDER_ID.test(orderId) && typeof orderName === "string" && orderName !== "" && orderName.length <= 100;
    const isKnown = typeof customerKey === "string" && customerKey.length >= 2 && customerKey.length <= 300;
    if (
      !isNamed ||
      !isKnown ||
      amount === undefined ||
      amount < 1 ||
      taxFree < 0 ||
      taxFree > amount ||
      way === undefined ||
      !isValidHours(validHours) ||
      !isUrl(successUrl) ||
      !isUrl(failUrl)
    )
      return undefined;
    const id = randomUUID();
    this.#windows.set(id, { orderId, orderName, amount, taxFree, way, validHours, successUrl, failUrl });
    return { id };
  }

  find(id: string): OpenWindow | undefined {
    return this.#windows.get(id);
  }

  /** Ends a window as the buyer chose. Returns the address to which the browser goes back. Undefined for an unknown window. */
  act(id: string, act: WindowAct): string | undefined {
    const window = this.#windows.get(id);
    if (!window) return undefined;
    const { orderId, amount, taxFree, way, validHours, orderName, successUrl, failUrl } = window;
    if (act === "leave") return withQuery(failUrl, { code: "PAY_PROCESS_CANCELED", message: "사용자에 의해 결제가 취소되었습니다.", orderId });
    const paymentKey = `${WINDOW_ACTS[act]}${WINDOW_KEY}${randomUUID()}`;
    const outcome = this.#ledger.authorize({ paymentKey, orderId, amount, taxFree, orderName, way, validHours });
    if ("code" in outcome) return withQuery(failUrl, { code: outcome.code, message: outcome.message, orderId });
    return withQuery(successUrl, { paymentType: "NORMAL", orderId, paymentKey, amount: String(amountToWire(amount, this.#currency)) });
  }
}

function isValidHours(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 720);
}

function isUrl(value: unknown): value is string {
  return typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && new URL(value).hash === "";
}

function withQuery(address: string, query: Record<string, string>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
