import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { Cookie } from "./cookie.ts";

const requestWith = (cookie: string): IncomingMessage => ({ headers: { cookie } }) as IncomingMessage;

// Without the prefix `__Host-` another host of the domain could set the cookie.
test("behind https a cookie is of this host only, sent by https only, and hidden from scripts", () => {
  const cookie = new Cookie("session", true, "Strict");
  assert.equal(cookie.set("value", 60), "__Host-session=value; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure");
  assert.equal(cookie.clear(), "__Host-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Secure");
  assert.equal(cookie.of(requestWith("session=other; __Host-session=value")), "value");
});

test("without https, which is for this machine only, a cookie has neither prefix nor Secure", () => {
  assert.equal(new Cookie("session", false, "Lax").set("value", 60), "session=value; Max-Age=60; Path=/; HttpOnly; SameSite=Lax");
});

test("of two cookies with one name the first counts, and a missing one is undefined", () => {
  const cookie = new Cookie("session", false, "Lax");
  assert.equal(cookie.of(requestWith("a=1; session=first; session=second")), "first");
  assert.equal(cookie.of(requestWith("sessions=1")), undefined);
});
