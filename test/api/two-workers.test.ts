// The same tests for a shop of one till and two workers: each request goes to the next worker.

process.env["TEST_WORKERS"] = "2";

await import("./races.test.ts");
await import("./idempotency.test.ts");
await import("./sold-out.test.ts");
await import("./catalog-edits.test.ts");
await import("./popular-list.test.ts");
await import("./payments.test.ts");
await import("./live.test.ts");
await import("../campaigns/model/model.test.ts");
