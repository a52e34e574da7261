// Races and the model for a shop of one till and four workers: each request goes to the next worker.

process.env["TEST_WORKERS"] = "4";

await import("./races.test.ts");
await import("./idempotency.test.ts");
await import("./sold-out.test.ts");
await import("./fulfilment-races.test.ts");
await import("./drop-rush.test.ts");
await import("../campaigns/model/model.test.ts");
