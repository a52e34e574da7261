// The gateway sends browsers back to `/pay/success` and `/pay/fail`.

import { follow, to } from "./router.ts";

const ROUTES: Record<string, string> = { "/pay/success": "/paid", "/pay/fail": "/not-paid" };

/** Turns an address of the gateway into a route of the storefront. Call it before the first page is drawn. */
export function enterFromGateway(): void {
  const route = ROUTES[location.pathname];
  if (route === undefined) return;
  history.replaceState(history.state, "", to(route) + location.search);
  follow();
}
