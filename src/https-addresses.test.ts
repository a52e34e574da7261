// Addresses to which the shop sends secrets, or by whose answers it trusts others, are https, or on this machine.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./config.ts";

const OIDC = {
  AUTH_JWKS_URL: "https://issuer.example/keys",
  AUTH_ISSUER: "https://issuer.example",
  AUTH_OIDC_CLIENT_ID: "console",
  AUTH_OIDC_REDIRECT_URL: "https://shop.example/console/callback",
};
const GATEWAY = { PAYMENT_GATEWAY_URL: "https://gateway.example", PAYMENT_GATEWAY_SECRET: "key" };
const ADDRESSES: Record<string, Record<string, string>> = {
  AUTH_JWKS_URL: OIDC,
  AUTH_OIDC_ISSUER: OIDC,
  AUTH_OIDC_REDIRECT_URL: OIDC,
  PAYMENT_GATEWAY_URL: GATEWAY,
  DATA_PLATFORM_URL: { DATA_PLATFORM_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString("base64")}` },
};

for (const [name, others] of Object.entries(ADDRESSES))
  test(`${name} must be https, or on this machine`, () => {
    const path = name === "AUTH_OIDC_REDIRECT_URL" ? "/console/callback" : "/";
    assert.throws(() => readConfig({ ...others, [name]: `http://elsewhere.example${path}` }), new RegExp(name));
    for (const origin of ["https://elsewhere.example", "http://127.0.0.1:8080", "http://localhost:8080"])
      assert.doesNotThrow(() => readConfig({ ...others, [name]: `${origin}${path}` }), origin);
  });
