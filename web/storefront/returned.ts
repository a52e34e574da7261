// The gateway sends browsers back to `/pay/success` and `/pay/fail`. The storefront's routes are fragments, and the payment's key should stand in
// no address that the browser keeps.

const ROUTES: Record<string, string> = { "/pay/success": "/paid", "/pay/fail": "/not-paid" };

/** Turns an address of the gateway into a route of the storefront. Call it before the first page is drawn. */
export function enterFromGateway(): void {
  const route = ROUTES[location.pathname];
  if (route === undefined) return;
  history.replaceState(null, "", `/#${route}${location.search}`);
  // `replaceState` does not tell the router.
  dispatchEvent(new HashChangeEvent("hashchange"));
}
