// TRUST_PROXY: the address by which a caller without a token is counted, behind proxies and with
// forged headers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readConfig } from "../../src/config.ts";
import { clientAddressReader } from "../../src/http/client-address.ts";
import { type Answer, call, openTestShop, type TestShop } from "../support/shop.ts";

const from = (trust: string, remoteAddress: string, forwarded?: string): string =>
  clientAddressReader(readConfig({ TRUST_PROXY: trust }).trustProxy)({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
  });

describe("the client's address", () => {
  test("the client's address is the connection's address unless a proxy is trusted", () => {
    for (const forwarded of [undefined, "1.2.3.4", "1.2.3.4, 5.6.7.8"])
      for (const off of ["", "off"]) assert.equal(from(off, "10.0.0.1", forwarded), "10.0.0.1");
    assert.equal(from("1", "10.0.0.1"), "10.0.0.1");
    assert.equal(from("10.0.0.0/8", "10.0.0.1"), "10.0.0.1");
  });

  // The client itself writes the beginning of the list.
  test("the client's address is the address that the last trusted proxy saw", () => {
    assert.equal(from("1", "10.0.0.1", "203.0.113.9"), "203.0.113.9");
    assert.equal(from("1", "10.0.0.1", "1.1.1.1, 203.0.113.9"), "203.0.113.9");
    assert.equal(from("2", "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
    assert.equal(from("2", "10.0.0.1", "203.0.113.9"), "203.0.113.9");
  });

  test("with trusted networks the client's address is the last one outside of them", () => {
    const networks = "10.0.0.0/8, 192.0.2.7, 2001:db8::/32";
    assert.equal(from(networks, "10.0.0.1", "203.0.113.9, 192.0.2.7, 10.1.2.3"), "203.0.113.9");
    assert.equal(from(networks, "10.0.0.1", "1.1.1.1, 203.0.113.9"), "203.0.113.9");
    assert.equal(from(networks, "203.0.113.9", "1.1.1.1"), "203.0.113.9", "a client that is not a trusted proxy is not believed");
    assert.equal(from(networks, "192.0.2.8", "1.1.1.1"), "192.0.2.8");
    assert.equal(from(networks, "::ffff:10.0.0.1", "203.0.113.9"), "203.0.113.9");
    assert.equal(from(networks, "2001:db8::1", "2001:db9::1"), "2001:db9::1");
    assert.equal(from(networks, "10.0.0.1", "10.0.0.2"), "10.0.0.2");
  });

  test("a forwarded address may have a port or brackets, and anything else is ignored", () => {
    assert.equal(from("1", "10.0.0.1", "203.0.113.9:4711"), "203.0.113.9");
    assert.equal(from("1", "10.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1");
    assert.equal(from("1", "10.0.0.1", "[2001:db8::1]"), "2001:db8::1");
    for (const invalid of ["", ",", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "fe80::1%x", "x".repeat(10_000), "1.2.3.4 5.6.7.8", "203.0.113.9,"])
      assert.equal(from("1", "10.0.0.1", invalid), "10.0.0.1", invalid.slice(0, 20));
  });
});

test("an invalid TRUST_PROXY is refused", () => {
  for (const invalid of [
    "0",
    "17",
    "-1",
    "1.5",
    "on",
    "true",
    "localhost",
    "10.0.0.0/0",
    "10.0.0.0/33",
    "10.0.0/8",
    "::1/129",
    "10.0.0.1,",
    "10.0.0.0/8/8",
    "1,2",
  ])
    assert.throws(() => readConfig({ TRUST_PROXY: invalid }), /^Error: TRUST_PROXY must be off, a number of proxies from 1 to 16, or/, invalid);
  assert.deepEqual(readConfig({ TRUST_PROXY: "10.0.0.0/8,::1" }).trustProxy, ["10.0.0.0/8", "::1"]);
});

describe("rate limits", () => {
  let direct: TestShop;
  let behind: TestShop;
  let elsewhere: TestShop;
  before(async () => {
    direct = await openTestShop({ env: { RATE_LIMIT: "3" } });
    behind = await openTestShop({ env: { RATE_LIMIT: "3", TRUST_PROXY: "1" }, beside: direct });
    elsewhere = await openTestShop({ env: { RATE_LIMIT: "3", TRUST_PROXY: "192.0.2.0/24" }, beside: direct });
  });
  after(async () => {
    await elsewhere.close();
    await behind.close();
    await direct.close();
  });

  /**
   * The number of refusals among more than two seconds' worth of requests, so that the boundary of
   * a second does not matter.
   */
  async function refusedOf(shop: TestShop, addressOf: (i: number) => string): Promise<number> {
    const requests = Array.from({ length: 30 }, (_, i): Promise<Answer> =>
      call(shop.url, "GET", "/products", undefined, { "x-forwarded-for": addressOf(i) }),
    );
    return (await Promise.all(requests)).filter(({ status }) => status === 429).length;
  }

  // limitRates must not count by the connection's address.
  test("behind a proxy each client has a limit of its own", async () => {
    assert.equal(await refusedOf(behind, (i) => `198.51.100.${i}`), 0);
  });

  test("a forged header does not raise the limit, with or without a proxy", async () => {
    assert.ok((await refusedOf(behind, (i) => `198.51.100.${i}, 203.0.113.1`)) > 0);
    assert.ok((await refusedOf(direct, (i) => `198.51.100.${i}`)) > 0);
    assert.ok((await refusedOf(elsewhere, (i) => `198.51.100.${i}`)) > 0);
  });

  test("one IPv6 network has one limit", async () => {
    assert.ok((await refusedOf(behind, (i) => `2001:db8:1:1::${i}`)) > 0);
  });
});
