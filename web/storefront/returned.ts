// The gateway sends browsers back to `/pay/success` and `/pay/fail`. The storefront's routes are fragments, and the payment's key should stand in
// no address that the browser keeps. This module runs before the router reads the address.

const OUTCOMES: Record<string, string> = { "/pay/success": "/paid", "/pay/fail": "/not-paid" };

const route = OUTCOMES[location.pathname];
if (route !== undefined) history.replaceState(null, "", `/#${route}${location.search}`);
