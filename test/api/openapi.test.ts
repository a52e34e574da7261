// The OpenAPI document is valid and covers the whole contract. Every other test checks each
// response against it (support/documented.ts).

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { REFUSALS } from "../../src/refusal.ts";
import { good, type Json, openTestShop, refused, type TestShop } from "../support/shop.ts";

type Document = Json;

let shop: TestShop;
let document: Document;
before(async () => {
  shop = await openTestShop();
  document = good(await shop.anyone("GET", "/openapi.json"), 200);
});
after(() => shop.close());

/** The operations of the contract and of the admin API. */
const CONTRACT = `
POST /users/{userId}/balance/charge
POST /users/{userId}/balance/charges
GET /users/{userId}/balance
GET /users/{userId}/balance/transactions
GET /products
GET /products/{productId}
GET /products/popular
GET /coupons
GET /coupons/{couponId}
POST /coupons/{couponId}/issue
GET /users/{userId}/coupons
GET /users/{userId}/cart
POST /users/{userId}/cart/items
PATCH /users/{userId}/cart/items/{id}
DELETE /users/{userId}/cart/items/{id}
POST /orders
GET /orders/{orderId}
GET /orders/{orderId}/history
GET /users/{userId}/orders
POST /orders/{orderId}/cancel
POST /payments
GET /payments/{paymentId}
POST /admin/users
POST /admin/balances/grant
POST /admin/products
PATCH /admin/products/{id}
POST /admin/products/{id}/variants
PATCH /admin/variants/{id}
GET /admin/variants
PUT /admin/products/by-external-id/{externalId}
POST /admin/catalog/import
POST /admin/stock
POST /admin/variants/{id}/stock
POST /admin/coupons
PATCH /admin/coupons/{id}
POST /admin/orders/{id}/refunds
GET /admin/orders
GET /admin/users
GET /admin/users/{id}
GET /admin/sales
GET /admin/events
POST /admin/events/{id}/replay
POST /admin/events/replay
GET /admin/jobs
POST /admin/jobs/{name}/run
GET /admin/audit
GET /healthz
GET /readyz
GET /metrics`;

function operations(): { call: string; operation: Document }[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Document).map(([method, operation]) => ({ call: `${method.toUpperCase()} ${path}`, operation })),
  );
}

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  assert.deepEqual(await validator.validate(structuredClone(document)), { valid: true });
  assert.equal(validator.version, "3.1");
  // The validator does find errors.
  const { "/healthz": health } = structuredClone(document.paths);
  delete health.get.responses[200].description;
  assert.equal((await new Validator().validate({ ...structuredClone(document), paths: { "/healthz": health } })).valid, false);
});

test("the document contains every operation of the contract", () => {
  const documented = new Set(operations().map(({ call }) => call));
  assert.deepEqual(
    CONTRACT.trim()
      .split("\n")
      .filter((call) => !documented.has(call)),
    [],
  );
});

// The test fails if refusal.ts and the routes disagree.
test("the document contains every refusal code and no other", () => {
  assert.deepEqual(document.components.schemas.Problem.properties.code.enum.toSorted(), Object.keys(REFUSALS).toSorted());
  const ofOperations = new Set<string>();
  JSON.stringify({ paths: document.paths, responses: document.components.responses }, (key, value) => {
    if (key === "code" && Array.isArray(value?.enum)) for (const code of value.enum) ofOperations.add(code);
    return value;
  });
  assert.deepEqual(
    [...ofOperations].filter((code) => !(code in REFUSALS)),
    [],
  );
  // This code is not declared by an operation, because it is the response if there is none.
  assert.deepEqual(
    Object.keys(REFUSALS).filter((code) => !ofOperations.has(code)),
    ["METHOD_NOT_ALLOWED"],
  );
});

test("each problem is documented under its own status", () => {
  const check = (status: string, response: Document): void => {
    const codes = response.content?.["application/problem+json"]?.schema.allOf[1].properties.code.enum ?? [];
    for (const code of codes) assert.equal(String(REFUSALS[code as keyof typeof REFUSALS].status), status, code);
  };
  for (const { operation } of operations()) {
    for (const [status, response] of Object.entries(operation.responses)) {
      const { $ref } = response as { $ref?: string };
      check(status, $ref ? document.components.responses[$ref.split("/").at(-1) as string] : response);
    }
  }
});

// Linters of OpenAPI documents ask for all of these (tools/checks/openapi.ts). This test names the
// operation at once.
test("each tag, operation and parameter has a description, and each JSON body an example", () => {
  const tags = new Map<string, string>(document.tags.map(({ name, description }: Document) => [name, description]));
  const missing: string[] = [...tags].filter(([, description]) => !description).map(([name]) => `tag ${name}`);
  for (const { call, operation } of operations()) {
    if (!operation.description) missing.push(call);
    for (const tag of operation.tags) if (!tags.has(tag)) missing.push(`${call} tag ${tag}`);
    for (const { name, description } of operation.parameters) if (name && !description) missing.push(`${call} parameter ${name}`);
    const { required, content } = operation.requestBody ?? {};
    if (required && content["application/json"] && !content["application/json"].examples) missing.push(`${call} request body`);
    for (const [status, response] of Object.entries(operation.responses)) {
      const json = (response as Document).content?.["application/json"];
      // Requests whose outcome is unknown yet are rare: 202 has the shape of 200.
      if (json && status !== "202" && !json.examples) missing.push(`${call} response ${status}`);
    }
  }
  assert.deepEqual(missing, []);
});

test("each operation has a unique id, a summary and one tag, and declares its callers", () => {
  const names = operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(names).size, names.length);
  for (const { call, operation } of operations()) {
    assert.ok(operation.summary && operation.tags.length === 1, call);
    const needsToken = operation.security.length > 0 && operation.security.every((way: object) => Object.keys(way).length > 0);
    assert.equal("401" in operation.responses, needsToken, call);
    if (call.includes(" /admin/")) assert.ok("403" in operation.responses, call);
  }
});

test("exactly the operations that change data take an Idempotency-Key", () => {
  for (const { call, operation } of operations()) {
    const takes = JSON.stringify(operation.parameters).includes("IdempotencyKey");
    // A stream of lines is repeated without a key (catalog-import.test.ts).
    const isStream = operation.requestBody?.content["application/x-ndjson"] !== undefined;
    assert.equal(takes, !call.startsWith("GET") && operation.security.length > 0 && !isStream, call);
  }
});

test("a problem's type is the path of its description", async () => {
  const refusal = refused(await shop.anyone("GET", "/products/0197a1c0-0000-7000-8000-000000000001"), 404, "PRODUCT_NOT_FOUND");
  assert.deepEqual(good(await shop.anyone("GET", refusal["type"] as string), 200), {
    type: "/problems/product-not-found",
    code: "PRODUCT_NOT_FOUND",
    ...REFUSALS.PRODUCT_NOT_FOUND,
  });
  for (const code of Object.keys(REFUSALS))
    assert.equal(good(await shop.anyone("GET", `/problems/${code.toLowerCase().replaceAll("_", "-")}`), 200).code, code);
  for (const slug of ["stock", "STOCK-INSUFFICIENT", "stock_insufficient", "constructor"])
    refused(await shop.anyone("GET", `/problems/${slug}`), 404, "NOT_FOUND");
});

// Schemas are compiled at an operation's first request, so that a wrong one would not stop the start.
test("each operation's schemas can be compiled", async () => {
  for (const [path, operations] of Object.entries<Document>(document.paths)) {
    for (const [method, { responses }] of Object.entries<Document>(operations)) {
      if (JSON.stringify(responses).includes("text/event-stream")) continue;
      const body = method === "get" || method === "delete" ? undefined : {};
      const { status, text } = await shop.operator.send(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, randomUUID()), body);
      assert.ok(status < 500, `${method} ${path}: ${status} ${text}`);
    }
  }
});
