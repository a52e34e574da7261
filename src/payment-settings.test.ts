import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "./env.ts";
import { gatewayMethods, paymentWindow } from "./payment-settings.ts";

const TOSS = "https://api.tosspayments.com";

test("the payment window uses the gateway's own SDK unless another address is given", () => {
  const clientKey = "test_ck_1";
  const urlOf = (gateway: string, env = {}): string | undefined => paymentWindow({ PAYMENT_GATEWAY_CLIENT_KEY: clientKey, ...env }, gateway)?.sdkUrl;
  assert.equal(urlOf(TOSS), "https://js.tosspayments.com/v2/standard");
  assert.equal(urlOf("http://127.0.0.1:3100"), "http://127.0.0.1:3100/v2/standard");
  assert.equal(urlOf(TOSS, { PAYMENT_GATEWAY_SDK_URL: "https://cdn.example/sdk.js" }), "https://cdn.example/sdk.js");
  assert.equal(paymentWindow({}, TOSS), undefined);
});

test("a secret key in place of the client key, or an address that browsers must not load, stops the start", () => {
  for (const env of [
    { PAYMENT_GATEWAY_CLIENT_KEY: "live_sk_abc" },
    { PAYMENT_GATEWAY_CLIENT_KEY: "test_gsk_abc" },
    { PAYMENT_GATEWAY_CLIENT_KEY: "same", PAYMENT_GATEWAY_SECRET: "same" },
    { PAYMENT_GATEWAY_CLIENT_KEY: "two words" },
    { PAYMENT_GATEWAY_CLIENT_KEY: "test_ck_1", PAYMENT_GATEWAY_SDK_URL: "http://cdn.example/sdk.js" },
    { PAYMENT_GATEWAY_CLIENT_KEY: "test_ck_1", PAYMENT_GATEWAY_SDK_URL: "https://cdn.example/; script-src *" },
  ])
    assert.throws(() => paymentWindow(env, TOSS), ConfigError, JSON.stringify(env));
  assert.throws(() => paymentWindow({ PAYMENT_GATEWAY_CLIENT_KEY: "test_ck_1" }, undefined), ConfigError);
});

test("the shop takes cards and easy pay unless other methods are named", () => {
  assert.deepEqual(gatewayMethods({}), ["CARD", "EASY_PAY"]);
  assert.deepEqual(gatewayMethods({ PAYMENT_METHODS: "CARD, VIRTUAL_ACCOUNT" }), ["CARD", "VIRTUAL_ACCOUNT"]);
  for (const names of ["CARD,CARD", "card", "CARD,", "PHONE"]) assert.throws(() => gatewayMethods({ PAYMENT_METHODS: names }), ConfigError, names);
});

test("a virtual account waits a day for its deposit unless other whole hours are given", () => {
  const hoursOf = (env = {}): number | undefined => paymentWindow({ PAYMENT_GATEWAY_CLIENT_KEY: "test_ck_1", ...env }, TOSS)?.depositHours;
  assert.equal(hoursOf(), 24);
  assert.deepEqual(
    ["PT2H", "P3D", "P30D"].map((value) => hoursOf({ PAYMENT_DEPOSIT_WITHIN: value })),
    [2, 72, 720],
  );
  for (const value of ["PT90M", "P31D", "1", "PT0H"]) assert.throws(() => hoursOf({ PAYMENT_DEPOSIT_WITHIN: value }), ConfigError, value);
});
