// Compares the settings in docs/operating/settings.md with the variables and defaults that the shop reads.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { rowsOf } from "../support/markdown.ts";

type Env = Record<string, string | undefined>;
type Setting = { name: string; fallback: string };

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/operating/settings.md"), "utf8");
const SETTINGS: Setting[] = rowsOf(PAGE, "Variable", "Default").map(([name = "", fallback = ""]) => ({ name: unquoted(name), fallback }));
const OTHER_VARIABLES = rowsOf(PAGE, "Variable", "Use").map(([name = ""]) => unquoted(name));

const EMBEDDED: Env = {};
const OWN_DATABASE: Env = { DATABASE_URL: "postgresql://localhost/shop" };
const OIDC: Env = {
  AUTH_JWKS_URL: "https://issuer.example/keys",
  AUTH_ISSUER: "https://issuer.example",
  AUTH_OIDC_CLIENT_ID: "a-client",
  AUTH_OIDC_REDIRECT_URL: "https://a.shop.example/console/callback",
};
/** A value for each setting that is unset by default, with the other settings that it needs. */
const SAMPLES: Record<string, { value: string; needs?: Env }> = {
  DATABASE_URL: { value: "postgresql://localhost/shop" },
  DATABASE_READ_URL: { value: "postgresql://localhost/replica", needs: OWN_DATABASE },
  REDIS_URL: { value: "redis://localhost:6379" },
  DATA_PLATFORM_WEBHOOK_SECRET: { value: `whsec_${Buffer.alloc(32).toString("base64")}` },
  AUTH_JWT_SECRET: { value: "a secret that is 32 bytes long or longer" },
  AUTH_JWKS_URL: { value: "https://issuer.example/keys" },
  AUTH_ISSUER: { value: "https://issuer.example" },
  AUTH_AUDIENCE: { value: "the-shop" },
  AUTH_PERSON_CLAIM: { value: "ci" },
  AUTH_OIDC_CLIENT_ID: { value: "console", needs: OIDC },
  AUTH_OIDC_CLIENT_SECRET: { value: "secret", needs: OIDC },
  AUTH_OIDC_ISSUER: { value: "https://other.example", needs: OIDC },
  AUTH_OIDC_REDIRECT_URL: { value: "https://shop.example/console/callback", needs: OIDC },
  AUTH_OIDC_CLAIMS: { value: "userinfo", needs: OIDC },
  AUTH_OIDC_SCOPE: { value: "openid", needs: OIDC },
  CORS_ORIGINS: { value: "https://shop.example" },
  PAYMENT_GATEWAY_URL: { value: "https://gateway.example", needs: { PAYMENT_GATEWAY_SECRET: "key" } },
  PAYMENT_GATEWAY_SECRET: { value: "key", needs: { PAYMENT_GATEWAY_URL: "https://gateway.example" } },
  PAYMENT_GATEWAY_CLIENT_KEY: { value: "test_ck_key", needs: { PAYMENT_GATEWAY_URL: "https://gateway.example", PAYMENT_GATEWAY_SECRET: "key" } },
  PAYMENT_GATEWAY_SDK_URL: {
    value: "https://gateway.example/sdk.js",
    needs: { PAYMENT_GATEWAY_URL: "https://gateway.example", PAYMENT_GATEWAY_SECRET: "key", PAYMENT_GATEWAY_CLIENT_KEY: "test_ck_key" },
  },
  IMAGE_ORIGINS: { value: "https://images.example" },
  BUSINESS_NAME: { value: "장날상회" },
  BUSINESS_OWNER: { value: "김장날" },
  BUSINESS_REGISTRATION_NUMBER: { value: "123-45-67890" },
  BUSINESS_MAIL_ORDER_NUMBER: { value: "2026-서울종로-0001" },
  BUSINESS_ADDRESS: { value: "서울 종로구 사직로 161" },
  BUSINESS_PHONE: { value: "02-123-4567" },
  BUSINESS_EMAIL: { value: "help@shop.example" },
  BUSINESS_TERMS_URL: { value: "https://shop.example/terms" },
  BUSINESS_PRIVACY_URL: { value: "https://shop.example/privacy" },
  OTEL_EXPORTER_OTLP_ENDPOINT: { value: "http://localhost:4318" },
  PAYMENT_SIMULATOR_URL: { value: "http://127.0.0.1:4000" },
};

describe("the settings table", () => {
  test("has the variables that config.ts reads, and no others", () => {
    const read = new Set<string>();
    readConfig(new Proxy<Env>({}, { get: (_, name) => void read.add(String(name)) }));
    assert.deepEqual(SETTINGS.map(({ name }) => name).sort(), [...read].sort());
  });

  for (const { name, fallback } of SETTINGS) {
    test(`gives the default of ${name}`, () => {
      const values = [...fallback.matchAll(/`([^`]+)`/g)].map(([, value = ""]) => value);
      if (values.length === 0) return assertUnset(name, fallback);
      assert.ok(values.length === 1 || /^embedded: .*; otherwise: /.test(fallback), `the default of ${name} is not readable: ${fallback}`);
      const [embedded, otherwise] = [values[0], values.at(-1)];
      assert.deepEqual(readConfig({ ...EMBEDDED, [name]: embedded }), readConfig(EMBEDDED));
      assert.deepEqual(readConfig({ ...OWN_DATABASE, [name]: otherwise }), readConfig(OWN_DATABASE));
    });
  }

  test("names each variable that the source reads beside the settings", () => {
    const read = new Set<string>();
    for (const file of globSync(["src/**/*.ts", "bin/*.mjs"], { cwd: ROOT }).filter((name) => !/\.test\.ts$|bin\/pack/.test(name)))
      for (const [, dotted, quoted] of readFileSync(join(ROOT, file), "utf8").matchAll(/process\.env(?:\.(\w+)|\["(\w+)"\])/g))
        read.add(dotted ?? quoted ?? "");
    const known = new Set([...SETTINGS.map(({ name }) => name), ...OTHER_VARIABLES]);
    assert.deepEqual(
      [...read].filter((name) => !known.has(name)),
      [],
    );
  });
});

/** The setting has no value of its own: without it, the place in the configuration that would hold it is undefined. */
function assertUnset(name: string, fallback: string): void {
  assert.equal(fallback, "unset");
  const sample = SAMPLES[name];
  assert.ok(sample, `${name} needs a sample value here`);
  const given = leavesOf(readConfig({ ...sample.needs, [name]: sample.value }));
  const places = [...given].filter(([, value]) => value === sample.value).map(([place]) => place);
  assert.notEqual(places.length, 0, `no place of the configuration holds ${name}`);
  const unset = leavesOf(readConfig({}));
  for (const place of places) assert.equal(unset.get(place), undefined, `${name} has a default`);
}

function leavesOf(value: unknown, place = "", leaves = new Map<string, unknown>()): Map<string, unknown> {
  if (typeof value !== "object" || value === null) leaves.set(place, value);
  else for (const [key, inner] of Object.entries(value)) leavesOf(inner, `${place}/${key}`, leaves);
  return leaves;
}

function unquoted(cell: string): string {
  return cell.replaceAll("`", "");
}
