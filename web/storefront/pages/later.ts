// The pages that no visitor sees first, or that need little data: one file, which the browser loads after the first page.

export { Balance } from "./balance.tsx";
export { Cart } from "./cart.tsx";
export { Checkout } from "./checkout.tsx";
export { Coupons } from "./coupons.tsx";
export { Drop } from "./drop.tsx";
export { Order } from "./order.tsx";
export { Orders } from "./orders.tsx";
export { NotPaid, Paid } from "./returned.tsx";
export { SignIn } from "./sign-in.tsx";
