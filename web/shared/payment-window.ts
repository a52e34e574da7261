// The way from the storefront to the gateway's payment window and back. The storefront leaves a request for the page `/pay`, which opens the
// window; the gateway sends the browser back to `/pay/success` or `/pay/fail`.

import { readStored, removeStored, store } from "./storage.ts";

/** The methods with which a window can be opened. The window for cards offers easy pay, too. */
export type WindowMethod = "CARD" | "TRANSFER" | "VIRTUAL_ACCOUNT";

/** An unpaid order, or a charge of the balance that the shop has announced. */
export type WindowTarget = { kind: "order" | "charge"; id: string };

export type WindowRequest = {
  target: WindowTarget;
  /** The order id at the gateway: the target's id, or with `_2`, `_3` … if the gateway has used it up. */
  orderId: string;
  orderName: string;
  amount: number;
  taxFreeAmount: number;
  customerKey: string;
  method: WindowMethod;
};

const KEY = "jangnal.window";
const LONGEST_NAME = 100;

/** Leaves the storefront for the page that opens the window. */
export function openWindow(request: Omit<WindowRequest, "orderId">): void {
  const place = Number(readStored("sessionStorage", placeKey(request.target)) ?? 1);
  const orderId = place > 1 ? `${request.target.id}_${place}` : request.target.id;
  const orderName = [...request.orderName].slice(0, LONGEST_NAME).join("");
  store("sessionStorage", KEY, JSON.stringify({ ...request, orderId, orderName }));
  location.assign("/pay");
}

/** The gateway takes money for one order id once. After money that went back the next window needs the next id. */
export function useNextOrderId(target: WindowTarget): void {
  const place = Number(readStored("sessionStorage", placeKey(target)) ?? 1);
  store("sessionStorage", placeKey(target), String(place + 1));
}

/** The request that the storefront left; null if there is none, or it was taken before. */
export function takeWindowRequest(): WindowRequest | null {
  const text = readStored("sessionStorage", KEY);
  removeStored("sessionStorage", KEY);
  try {
    return JSON.parse(text ?? "null") as WindowRequest | null;
  } catch {
    return null;
  }
}

/** The absolute address to which the gateway sends the browser back. It adds its own query parameters. */
export function returnAddress(outcome: "success" | "fail", { kind, id }: WindowTarget, query: Record<string, string> = {}): string {
  return `${location.origin}/pay/${outcome}?${new URLSearchParams({ for: kind, id, ...query })}`;
}

const placeKey = ({ id }: WindowTarget): string => `jangnal.window ${id}`;
