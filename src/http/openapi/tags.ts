// The groups of operations in the OpenAPI document.

export const TAGS = {
  Users: "Customers, known to a shop's own systems by `externalId`.",
  Balance: "A user's balance in the shop: charges, grants, and the ledger of each change.",
  Catalog: "Products, their variants, prices and stock.",
  Coupons: "Campaigns that issue a limited number of coupons, and the coupons of users.",
  Drops: "Limited sales with a schedule, a limit per person, and a line or a draw.",
  Cart: "A user's cart. It reserves nothing.",
  Orders: "Orders, from placing to cancellation or refund.",
  Payments: "Payments from the balance and by a payment gateway, and money in doubt.",
  Shop: "Settings that a client needs before it can show anything.",
  Fulfilment: "Preparation, shipments and deliveries.",
  Returns: "Returned units, and the refunds for them.",
  Sales: "Sales by product and by day.",
  Events: "The outbox: events for data platforms, with their deliveries.",
  Jobs: "Scheduled jobs and their runs.",
  Operations: "Probes, metrics, the audit of all invariants, and explanations of problems.",
  Rehearsals: "Trials of a drop with simulated buyers.",
  Demo: "Users of a demo, without a password. Only while `DEMO` is on.",
} as const;

export type Tag = keyof typeof TAGS;
