// Imports run one way. What a folder may not import stands here; `npm run imports` holds it.

const up = (name, from, to, comment) => ({ name, comment, severity: "error", from: { path: from }, to: { path: to } });

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: { path: "^src" }, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "no-orphans", severity: "error", from: { orphan: true, path: "^src", pathNot: "\\.test\\.ts$" }, to: {} },
    {
      name: "sql-has-one-owner",
      comment: "The statements of a noun are run by its own folder; other nouns may name its shelves, not its reads",
      severity: "error",
      from: { path: "^src/(http|cli|till|jobs)/" },
      to: { path: "\\.sql\\.ts$", pathNot: "^src/jobs/" },
    },
    up("database-knows-nobody", "^src/database/", "^src/(?!database/)", "The lowest floor"),
    up("till-knows-no-noun", "^src/till/", "^src/(balance|catalog|coupon|cart|order|payment|popular|outbox|jobs|http|cache|gateway|audit|demo|cli)/", "The till handles all shelves alike"),
    up("balance-first", "^src/balance/(?!.*\\.routes)", "^src/(coupon|cart|order|payment|popular|outbox|jobs)/", "payment → order → {cart, coupon, catalog, balance} → till"),
    up("catalog-first", "^src/catalog/", "^src/(coupon|cart|order|payment|popular|outbox|jobs)/", "payment → order → {cart, coupon, catalog, balance} → till"),
    up("coupon-before-order", "^src/coupon/", "^src/(cart|order|payment|popular|outbox|jobs)/", "payment → order → {cart, coupon, catalog, balance} → till"),
    up("cart-before-order", "^src/cart/", "^src/(coupon|order|payment|popular|outbox|jobs)/", "payment → order → {cart, coupon, catalog, balance} → till"),
    up("order-before-payment", "^src/order/", "^src/(payment|popular|outbox|jobs)/", "payment → order → {cart, coupon, catalog, balance} → till"),
    up("nouns-know-no-app", "^src/(?!app|main|cli|demo)", "^src/(app|main|cli|demo)", "Only the command line and app.ts put things together"),
    { name: "one-reader-of-the-environment", comment: "config.ts reads it", severity: "error", from: { path: "^src/(?!config\\.ts)" }, to: { path: "^(node:)?process$" } },
    { name: "no-test-code-in-src", severity: "error", from: { path: "^src/", pathNot: "\\.test\\.ts$" }, to: { path: "^test/" } },
  ],
  options: { tsConfig: { fileName: "tsconfig.json" }, tsPreCompilationDeps: true, doNotFollow: { path: "node_modules" }, moduleSystems: ["es6", "cjs"] },
};
