// Requests that announce a type of body and send no body.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openTestShop, type TestShop } from "../support/shop.ts";

let shop: TestShop;
before(async () => (shop = await openTestShop()));
after(() => shop.close());

// Node's option `optimizeEmptyRequests` would make the server wait for the end of a body that does not come.
test("a request with a content type and without a body is answered", async () => {
  const user = await shop.user();
  const json = { "content-type": "application/json" };
  for (let i = 0; i < 3; i++) {
    assert.equal((await user.send("DELETE", `/users/${user.id}/cart`, undefined, json)).status, 204);
    assert.equal((await user.send("GET", `/users/${user.id}/balance`, undefined, json)).status, 200);
    assert.equal((await user.send("POST", `/orders`, undefined, { ...json, "content-length": "0" })).status, 400);
  }
});
