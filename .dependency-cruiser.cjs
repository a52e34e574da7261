// Imports run one way: a folder may import from folders of lower layers only. `npm run imports` checks it.

/** From the lowest layer to the highest. Folders in one layer do not import each other. */
const LAYERS = [
  [
    "refusal\\.ts",
    "ids\\.ts",
    "concurrently\\.ts",
    "backoff\\.ts",
    "text\\.ts",
    "day\\.ts",
    "env\\.ts",
    "lru\\.ts",
    "read-metrics\\.ts",
    "version\\.ts",
  ],
  [
    "auth-settings\\.ts",
    "data-platform-settings\\.ts",
    "payment-settings\\.ts",
    "oidc-settings\\.ts",
    "country\\.ts",
    "cors-origins\\.ts",
    "business-settings\\.ts",
    "redis-settings\\.ts",
    "telemetry-settings\\.ts",
  ],
  ["config\\.ts"],
  ["database/", "files/"],
  ["problem\\.ts", "settings/"],
  ["gateway/"],
  ["redis/"],
  ["cache/", "lock/"],
  ["till/"],
  ["journal/(?!journal\\.routes)"],
  ["idempotency/", "events/"],
  ["http/"],
  ["jobs/"],
  ["balance/"],
  ["catalog/"],
  ["drop/"],
  ["coupon/", "cart/", "popular/"],
  ["live/"],
  ["order/"],
  ["fulfilment/"],
  ["privacy/"],
  ["settlement/"],
  ["outbox/"],
  ["audit/", "demo/", "backlog/", "export/", "journal/journal\\.routes", "sign-in/"],
  ["rehearsal/", "telemetry/"],
  ["app/"],
  ["cli/"],
  ["main\\.ts"],
];

const anyOf = (folders) => `^src/(?:${folders.join("|")})`;
const TEST = "\\.test\\.ts$";

/** Each folder, and everything that it may not import: its own layer's other folders and all higher layers. */
const oneWay = LAYERS.flatMap((layer, i) =>
  layer.map((folder) => {
    const others = [...layer.filter((other) => other !== folder), ...LAYERS.slice(i + 1).flat()];
    return {
      name: `layer of ${folder.replaceAll("\\", "")}`,
      severity: "error",
      from: { path: anyOf([folder]), pathNot: TEST },
      to: { path: others.length > 0 ? anyOf(others) : "^$" },
    };
  }),
);

module.exports = {
  forbidden: [
    { name: "no-cycles", comment: "Type-only imports count too", severity: "error", from: { path: "^(src|tools)" }, to: { circular: true } },
    { name: "no-orphans", severity: "error", from: { orphan: true, path: "^src", pathNot: TEST }, to: {} },
    { name: "a-folder-without-a-layer", severity: "error", from: {}, to: { path: "^src/", pathNot: anyOf(LAYERS.flat()) } },
    ...oneWay,
    {
      name: "sql-has-one-owner",
      comment: "Only a noun's own folder runs its statements; app asks the nouns for what it needs",
      severity: "error",
      from: { path: "^src/(http|cli|till|jobs|app)/" },
      to: { path: "\\.sql\\.ts$", pathNot: "^src/jobs/" },
    },
    {
      name: "one-reader-of-the-environment",
      comment: "config.ts reads it",
      severity: "error",
      from: { path: "^src/(?!config\\.ts)" },
      to: { path: "^(node:)?process$" },
    },
    {
      name: "telemetry-is-loaded-on-demand",
      comment: "Without a collector nothing of OpenTelemetry's SDK is loaded",
      severity: "error",
      from: { path: "^src/(?!telemetry/)" },
      to: { path: "^src/telemetry/|node_modules/@opentelemetry/", dynamic: false, dependencyTypesNot: ["type-only"] },
    },
    { name: "no-test-code-in-src", severity: "error", from: { path: "^(src|tools)/", pathNot: TEST }, to: { path: "^test/" } },
    {
      name: "tools-use-the-client",
      comment: "They reach the shop over HTTP",
      severity: "error",
      from: { path: "^tools/" },
      to: { path: "^src/(?!files/|(?:ids|concurrently|backoff)\\.ts)" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^tools/checks/node_modules" },
    moduleSystems: ["es6", "cjs"],
  },
};
