// Malformed requests of every kind. Each response is a 4xx problem document that names the field,
// never a 500, and matches the OpenAPI document (support/shop.ts).

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Answer, call, type Client, good, type Json, openTestShop, race, refused, type TestShop } from "../support/shop.ts";
import { RawConnection, requestText, exchange } from "../support/raw.ts";

type Document = Json;
type Operation = { method: string; path: string; takes: "body" | "nothing"; operation: Document };

let shop: TestShop;
let user: Client;
let product: { id: string; variants: { id: string }[] };
let order: { orderId: string };
let campaign: { id: string };
let operations: Operation[];

before(async () => {
  shop = await openTestShop();
  user = await shop.user({ balance: 1_000_000 });
  product = await shop.product();
  campaign = await shop.campaign();
  order = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
  const document: Document = good(await shop.anyone("GET", "/openapi.json"), 200);
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Document).map(([method, operation]): Operation => ({
      method: method.toUpperCase(),
      path,
      takes: (operation as Document).requestBody ? "body" : "nothing",
      operation,
    })),
  );
});
after(() => shop.close());

const SOME_ID = "0197a1c0-0000-7000-8000-000000000001";

/** The path with well-formed ids, because the shape is validated before existence. */
function filled(path: string, id = SOME_ID): string {
  return path
    .replace("{name}", "aggregate-sales")
    .replace("{slug}", "not-found")
    .replace("{userId}", user.id)
    .replace("/admin/variants/{id}", `/admin/variants/${product.variants[0]?.id}`)
    .replaceAll(/\{\w+\}/g, id);
}

/** Asserts a 400 that names this field. */
function bad(answer: Answer, path: string, code = "INVALID_REQUEST"): void {
  const { errors } = refused(answer, 400, code) as { errors?: { path: string; message: string }[] };
  assert.ok(
    errors?.some((one) => one.path === path && one.message !== ""),
    `${path} is not among ${JSON.stringify(errors)}`,
  );
}

/** Sends the body as it is, because JSON.stringify cannot write some of the invalid JSON. */
function raw(client: Client, method: string, path: string, text: string, headers: Record<string, string> = {}): Promise<Answer> {
  return client.send(method, path, text, headers);
}

/** Runs all cases and reports every failed one. */
async function each<Case>(cases: Iterable<Case>, name: (one: Case) => string, check: (one: Case) => Promise<void>): Promise<void> {
  const failures: string[] = [];
  for (const one of cases) await check(one).catch((error: Error) => failures.push(`${name(one)}: ${error.message}`));
  assert.deepEqual(failures, []);
}

describe("numbers", () => {
  const u = "/users/{userId}";
  const order = (quantity: string): string => `{"orderItems":[{"productId":"${SOME_ID}","quantity":${quantity}}]}`;
  const coupon = (fields: string): string => `{"name":"쿠폰","totalQuantity":1,"discount":{"type":"FIXED","amount":1},${fields}}`;
  /** Each numeric field in a request body, and whether it may be zero or negative. */
  const fields: [call: string, pointer: string, body: (value: string) => string, allows?: { zero?: true; negative?: true }][] = [
    [`POST ${u}/balance/charge`, "/amount", (v) => `{"amount":${v}}`],
    [`POST ${u}/balance/charges`, "/amount", (v) => `{"amount":${v}}`],
    [`POST ${u}/balance/charge`, "/version", (v) => `{"amount":1,"version":${v}}`, { zero: true }],
    [`POST ${u}/cart/items`, "/quantity", (v) => `{"productId":"${SOME_ID}","quantity":${v}}`],
    [`PATCH ${u}/cart/items/{id}`, "/quantity", (v) => `{"quantity":${v}}`],
    ["POST /orders", "/orderItems/0/quantity", order],
    ["POST /admin/products", "/price", (v) => `{"name":"사과","stock":1,"price":${v}}`, { zero: true }],
    ["POST /admin/products", "/stock", (v) => `{"name":"사과","price":1,"stock":${v}}`, { zero: true }],
    [
      "POST /admin/products",
      "/products/0/variants/1/price",
      (v) => `{"products":[{"name":"사과","variants":[{"price":1,"stock":1},{"price":${v},"stock":1}]}]}`,
      { zero: true },
    ],
    ["PATCH /admin/products/{id}", "/price", (v) => `{"price":${v}}`, { zero: true }],
    ["POST /admin/variants/{id}/stock", "/delta", (v) => `{"reason":"실사","delta":${v}}`, { negative: true }],
    ["POST /admin/products/{id}/variants", "/price", (v) => `{"stock":1,"price":${v}}`, { zero: true }],
    ["POST /admin/products/{id}/variants", "/stock", (v) => `{"price":1,"stock":${v}}`, { zero: true }],
    ["PATCH /admin/variants/{id}", "/price", (v) => `{"price":${v}}`, { zero: true }],
    ["PATCH /admin/variants/{id}", "/version", (v) => `{"price":1,"version":${v}}`, { zero: true }],
    ["PUT /admin/products/by-external-id/{externalId}", "/price", (v) => `{"name":"사과","stock":1,"price":${v}}`, { zero: true }],
    [
      "PUT /admin/products/by-external-id/{externalId}",
      "/variants/0/stock",
      (v) => `{"name":"사과","variants":[{"price":1,"stock":${v}}]}`,
      { zero: true },
    ],
    ["POST /admin/stock", "/changes/0/delta", (v) => `{"changes":[{"sku":"A","reason":"실사","delta":${v}}]}`, { negative: true }],
    ["POST /admin/stock", "/changes/0/stock", (v) => `{"changes":[{"sku":"A","reason":"실사","stock":${v}}]}`, { zero: true }],
    ["POST /admin/stock", "/changes/0/expected", (v) => `{"changes":[{"sku":"A","reason":"실사","delta":1,"expected":${v}}]}`, { zero: true }],
    ["POST /admin/balances/grant", "/grants/0/amount", (v) => `{"grants":[{"userId":"${SOME_ID}","reason":"환영","amount":${v}}]}`],
    ["POST /admin/coupons", "/totalQuantity", (v) => `{"name":"쿠폰","discount":{"type":"FIXED","amount":1},"totalQuantity":${v}}`],
    ["POST /admin/coupons", "/discount/amount", (v) => `{"name":"쿠폰","totalQuantity":1,"discount":{"type":"FIXED","amount":${v}}}`],
    ["POST /admin/coupons", "/discount/rate", (v) => `{"name":"쿠폰","totalQuantity":1,"discount":{"type":"PERCENTAGE","rate":${v}}}`],
    [
      "POST /admin/coupons",
      "/discount/maxAmount",
      (v) => `{"name":"쿠폰","totalQuantity":1,"discount":{"type":"PERCENTAGE","rate":1,"maxAmount":${v}}}`,
    ],
    [
      "POST /admin/coupons",
      "/discount/minOrderAmount",
      (v) => `{"name":"쿠폰","totalQuantity":1,"discount":{"type":"FIXED","amount":1,"minOrderAmount":${v}}}`,
      { zero: true },
    ],
    ["POST /admin/coupons", "/validDays", (v) => coupon(`"validDays":${v}`)],
    ["PATCH /admin/coupons/{id}", "/totalQuantity", (v) => `{"totalQuantity":${v}}`],
    ["POST /admin/orders/{id}/refunds", "/items/0/quantity", (v) => `{"reason":"단순 변심","items":[{"variantId":"${SOME_ID}","quantity":${v}}]}`],
  ];

  for (const [route, pointer, body, allows = {}] of fields) {
    test(`${route} refuses invalid numbers at ${pointer}`, async () => {
      const [method = "", path = ""] = route.split(" ");
      const code = pointer === "/amount" ? "INVALID_AMOUNT" : "INVALID_REQUEST";
      const invalid = [
        "1.5",
        '"1"',
        "true",
        "[]",
        "{}",
        "9007199254740993",
        "1e16",
        "1e400",
        "-1e400",
        "0.1e-400",
        ...(allows.zero ? ["-1"] : allows.negative ? ["0"] : ["0", "-1", "-0"]),
      ];
      // `null` is a valid value only of a field that can be cleared.
      if (pointer !== "/validDays") invalid.push("null");
      // 0.1e-400 underflows to 0, which some fields allow.
      await each(
        invalid.filter((value) => !(allows.zero && value === "0.1e-400")),
        String,
        async (value) => bad(await raw(shop.operator, method, filled(path), body(value)), pointer, code),
      );
    });
  }

  test("the largest allowed amount is accepted and the next one is refused", async () => {
    assert.equal(good(await user.post(`/users/${user.id}/balance/charge`, { amount: 10_000_000 }), 200).newBalance, 10_999_000);
    bad(await user.post(`/users/${user.id}/balance/charge`, { amount: 10_000_001 }), "/amount", "INVALID_AMOUNT");
    bad(await raw(user, "POST", "/orders", order("1000001")), "/orderItems/0/quantity");
  });

  test("an order whose total exceeds the safe integers is refused", async () => {
    const expensive = await shop.product({ price: 1_000_000_000_000, stock: 1_000_000 });
    bad(await user.post("/orders", { orderItems: [{ productId: expensive.id, quantity: 1_000_000 }] }), "/orderItems");
  });

  test("the quantities of one variant are added up before the limit is checked", async () => {
    bad(
      await user.post("/orders", {
        orderItems: [
          { productId: product.id, quantity: 600_000 },
          { productId: product.id, quantity: 600_000 },
        ],
      }),
      "/orderItems/1/quantity",
    );
  });
});

describe("bodies", () => {
  // catalog-import.test.ts tests streams of lines.
  const writeOperations = (): Operation[] =>
    operations.filter(({ method, operation }) => method !== "GET" && operation.requestBody?.content["application/x-ndjson"] === undefined);
  const nameOf = ({ method, path }: Operation): string => `${method} ${path}`;

  test("every operation refuses unknown properties by name", () =>
    each(writeOperations(), nameOf, async ({ method, path, operation }) => {
      if (operation.operationId === "paymentWebhook") return;
      const answer = await shop.operator.send(method, filled(path), { surprise: 1, "a/b~c": 2 });
      const code = /\/charges?$/.test(path) ? "INVALID_AMOUNT" : "INVALID_REQUEST";
      bad(answer, "/surprise", code);
      bad(answer, "/a~1b~0c", code);
    }));

  test("every operation refuses a body that is not an object", () =>
    each(
      writeOperations().flatMap((one) => ["[]", '"text"', "1", "null", "true", "[{}]"].map((text) => ({ ...one, text }))),
      (one) => `${nameOf(one)} ${one.text}`,
      async ({ method, path, text }) => bad(await raw(shop.operator, method, filled(path), text), ""),
    ));

  test("every operation refuses a body that is not JSON", () =>
    each(
      writeOperations().flatMap((one) =>
        [
          "{",
          "{}}",
          "{'a':1}",
          "undefined",
          "NaN",
          " ",
          '{"a":1,}',
          "\uFEFF{}",
          "\0",
          '{"a":"\0"}',
          "[".repeat(100_000),
          '{"a":'.repeat(100_000),
          "[".repeat(100_000) + "]".repeat(100_000),
        ].map((text) => ({ ...one, text })),
      ),
      (one) => `${nameOf(one)} ${one.text.slice(0, 20)}`,
      async ({ method, path, text }) => void refused(await raw(shop.operator, method, filled(path), text), 400, "INVALID_REQUEST"),
    ));

  test("every operation refuses other content types", () =>
    each(
      writeOperations().flatMap((one) =>
        [
          "text/plain",
          "application/x-www-form-urlencoded",
          "multipart/form-data; boundary=x",
          "application/jsonp",
          "application/json; charset=euc-kr",
          "json",
          "*/*",
          "",
        ].map((type) => ({ ...one, type })),
      ),
      (one) => `${nameOf(one)} ${one.type}`,
      async ({ method, path, type }) =>
        void refused(await raw(shop.operator, method, filled(path), "{}", { "content-type": type }), 415, "UNSUPPORTED_MEDIA_TYPE"),
    ));

  test("JSON is accepted under each of its content types", async () => {
    for (const type of [
      "application/json",
      "application/json; charset=utf-8",
      'APPLICATION/JSON;charset="UTF-8"',
      "application/merge-patch+json",
      "application/json;v=1",
    ]) {
      assert.equal((await raw(user, "POST", `/users/${user.id}/balance/charge`, '{"amount":1}', { "content-type": type })).status, 200, type);
    }
    refused(
      await raw(user, "POST", `/users/${user.id}/balance/charge`, '{"amount":1}', { "content-encoding": "gzip" }),
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    );
  });

  test("a body of more than a mebibyte is refused, with and without Content-Length", async () => {
    const body = `{"amount":1,"paymentKey":"${"x".repeat(1024 * 1024)}"}`;
    refused(await raw(user, "POST", `/users/${user.id}/balance/charge`, body), 413, "BODY_TOO_LARGE");
    const authorization = `Bearer ${user.token}`;
    const chunk = "10000\r\n" + " ".repeat(0x10000) + "\r\n";
    const [chunked] = await exchange(
      shop.url,
      requestText(
        "POST",
        `/users/${user.id}/balance/charge`,
        { Authorization: authorization, "Transfer-Encoding": "chunked" },
        chunk.repeat(17) + "0\r\n\r\n",
      ),
    );
    refused(chunked as Answer, 413, "BODY_TOO_LARGE");
    // The length is only announced, and the body never arrives.
    const [announced] = await exchange(
      shop.url,
      requestText("POST", `/users/${user.id}/balance/charge`, { Authorization: authorization, "Content-Length": "99999999999" }, ""),
    );
    refused(announced as Answer, 413, "BODY_TOO_LARGE");
    // A body just below the limit is read and then refused for its content.
    bad(await raw(user, "POST", `/users/${user.id}/balance/charge`, body.slice(0, 1024 * 1024 - 2) + '"}'), "/paymentKey");
  });

  test("the body may be omitted if every property is optional", async () => {
    assert.equal((await (await shop.user()).post(`/coupons/${campaign.id}/issue`)).status, 201);
    assert.equal((await (await shop.user()).post(`/coupons/${campaign.id}/issue`, {})).status, 201);
    assert.equal((await raw(await shop.user(), "POST", `/coupons/${campaign.id}/issue`, "")).status, 201);
    const cancelled = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
    assert.equal((await user.post(`/orders/${cancelled.orderId}/cancel`)).status, 200);
    bad(await user.post("/orders"), "/orderItems");
    bad(await user.post(`/users/${user.id}/balance/charge`), "/amount", "INVALID_AMOUNT");
  });

  test("a duplicate key is refused, because it is ambiguous", async () => {
    bad(await raw(user, "POST", `/users/${user.id}/balance/charge`, '{"amount":1,"amount":1000}'), "/amount");
    bad(
      await raw(user, "POST", "/orders", `{"orderItems":[{"productId":"${product.id}","quantity":1,"\\u0071uantity":2}]}`),
      "/orderItems/0/quantity",
    );
  });

  test("__proto__ and similar keys are unknown properties like any other", async () => {
    bad(await raw(user, "POST", "/orders", `{"__proto__":{"orderItems":[]},"orderItems":[]}`), "/__proto__");
    bad(await raw(user, "POST", "/orders", `{"constructor":{"prototype":{}},"orderItems":[]}`), "/constructor");
    bad(
      await raw(
        shop.operator,
        "POST",
        "/admin/products",
        '{"name":"사과","price":1,"stock":1,"variants":[{"price":1,"stock":1,"options":{"__proto__":"x"}}]}',
      ),
      "/variants/0/options/__proto__",
    );
    const { body } = await raw(
      shop.operator,
      "POST",
      "/admin/products",
      '{"name":"사과","variants":[{"price":1,"stock":1,"options":{"constructor":"x","toString":"y"}}]}',
    );
    assert.deepEqual(body.variants[0].options, { constructor: "x", toString: "y" });
  });

  test("text that PostgreSQL cannot store is refused", async () => {
    bad(await raw(shop.operator, "POST", "/admin/users", '{"name":"김\\u0000"}'), "/name");
    bad(await raw(shop.operator, "POST", "/admin/users", '{"users":[{"name":"김"},{"name":"\\ud83d"}]}'), "/users/1/name");
    bad(
      await raw(shop.operator, "POST", "/admin/products", '{"name":"사과","variants":[{"price":1,"stock":1,"options":{"색":"\\udc00"}}]}'),
      "/variants/0/options/색",
    );
    bad(
      await raw(shop.operator, "POST", "/admin/products", '{"name":"사과","variants":[{"price":1,"stock":1,"options":{"\\u0000":"x"}}]}'),
      "/variants/0/options",
    );
    const notUtf8 = requestText("POST", "/admin/users", { Authorization: `Bearer ${shop.operator.token}`, "Content-Length": "12" }, "");
    const [answer] = await exchange(
      shop.url,
      Buffer.concat([Buffer.from(notUtf8), Buffer.from('{"name":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    );
    bad(answer as Answer, "");
    const { body } = await raw(shop.operator, "POST", "/admin/users", JSON.stringify({ name: `😀{}",\\'\u0001\u2028김` }));
    assert.equal(good(await shop.operator.get(`/admin/users/${body.id}`), 200).name, `😀{}",\\'\u0001\u2028김`);
  });

  test("text that is empty, blank or too long is refused", async () => {
    for (const name of ["", " ", "\t\n", "가".repeat(201)]) bad(await shop.operator.post("/admin/users", { name }), "/name");
    assert.equal((await shop.operator.post("/admin/users", { name: "가".repeat(200) })).status, 201);
  });

  test("lists have a minimum and a maximum length", async () => {
    const item = { productId: product.id, quantity: 1 };
    bad(await user.post("/orders", { orderItems: [] }), "/orderItems");
    bad(await user.post("/orders", { orderItems: Array.from({ length: 2001 }, () => item) }), "/orderItems");
    assert.equal((await user.post("/orders", { orderItems: Array.from({ length: 20 }, () => item) })).status, 201);
    bad(await shop.operator.post("/admin/users", { users: [] }), "/users");
    bad(await shop.operator.post("/admin/users", { users: Array.from({ length: 10_001 }, () => ({ name: "김" })) }), "/users");
    assert.equal(
      good(await shop.operator.post("/admin/users", { users: Array.from({ length: 10_000 }, () => ({ name: "김" })) }), 201).users.length,
      10_000,
    );
    bad(await shop.operator.post("/admin/products", { products: [] }), "/products");
    bad(
      await shop.operator.post("/admin/products", { products: Array.from({ length: 1001 }, () => ({ name: "사과", price: 1, stock: 1 })) }),
      "/products",
    );
    bad(await shop.operator.post("/admin/products", { name: "사과", variants: [] }), "/variants");
    bad(await shop.operator.post("/admin/balances/grant", { grants: [] }), "/grants");
    bad(await shop.operator.post(`/admin/orders/${order.orderId}/refunds`, { items: [], reason: "단순 변심" }), "/items");
  });

  test("a body with very many errors gets a bounded list of errors", { timeout: 60_000 }, async () => {
    const answer = await raw(user, "POST", "/orders", `{"orderItems":[${"{},".repeat(9_999)}{}]}`);
    bad(answer, "/orderItems/0/productId");
    assert.ok(answer.body.errors.length <= 20);
    refused(await raw(user, "POST", "/orders", `{"orderItems":[${"1,".repeat(500_000)}1]}`), 400, "INVALID_REQUEST");
    refused(await raw(user, "POST", "/orders", `{${Array.from({ length: 100_000 }, (_, i) => `"${i}":1`).join()}}`), 400, "INVALID_REQUEST");
  });

  test("an order has either items or fromCart, and a discount has the properties of its type", async () => {
    bad(await user.post("/orders", { fromCart: true, orderItems: [{ productId: product.id, quantity: 1 }] }), "/orderItems");
    bad(await user.post("/orders", { fromCart: false }), "/fromCart");
    bad(await user.post("/orders", { orderItems: "all" }), "/orderItems");
    bad(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }], payment: { method: "CREDIT" } }), "/payment/method");
    bad(await shop.operator.post("/admin/coupons", { name: "쿠폰", totalQuantity: 1, discount: { type: "HALF" } }), "/discount/type");
    bad(await shop.operator.post("/admin/coupons", { name: "쿠폰", totalQuantity: 1, discount: {} }), "/discount/type");
    bad(
      await shop.operator.post("/admin/coupons", { name: "쿠폰", totalQuantity: 1, discount: { type: "FIXED", amount: 1, rate: 1 } }),
      "/discount/rate",
    );
  });
});

describe("ids", () => {
  const NOT_IDS = [
    "abc",
    "1",
    "0",
    "-1",
    "null",
    `${SOME_ID}0`,
    SOME_ID.slice(1),
    SOME_ID.replaceAll("-", ""),
    `{${SOME_ID}}`,
    `urn:uuid:${SOME_ID}`,
    SOME_ID.replace("0", "g"),
    `${SOME_ID}%00`,
    "%00",
    "%20",
    `${SOME_ID}%0A`,
    "%EF%BC%91",
    "..%2F..",
    "'%20OR%201=1--",
    "a".repeat(300),
    "%C3%A9".repeat(300),
    SOME_ID.repeat(300),
  ];

  test("every operation names the path parameter that is not an id", () =>
    each(
      operations
        .flatMap((one) => [...one.path.matchAll(/\{(\w+)\}/g)].map(([placeholder, name = ""]) => ({ ...one, placeholder, name })))
        .filter(({ name }) => name !== "name" && name !== "slug" && name !== "externalId"),
      ({ method, path }) => `${method} ${path}`,
      async ({ method, path, placeholder, name, operation }) => {
        const code =
          path.startsWith("/admin/users/") || name === "userId"
            ? "INVALID_USER_ID"
            : path.startsWith("/admin/products/") || name === "productId"
              ? "INVALID_PRODUCT_ID"
              : "INVALID_REQUEST";
        for (const id of NOT_IDS)
          bad(await shop.operator.send(method, filled(path.replace(placeholder, id)), operation.requestBody ? {} : undefined), `/${name}`, code);
      },
    ));

  test("an id in a body that is not an id is refused by its path", async () => {
    for (const id of [...NOT_IDS.filter((one) => !one.includes("%00")).map((one) => decodeURIComponent(one)), 1, null, {}, [SOME_ID]]) {
      bad(await user.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), "/orderItems/0/productId");
      bad(await user.post("/orders", { orderItems: [{ productId: SOME_ID, variantId: id, quantity: 1 }] }), "/orderItems/0/variantId");
      bad(await user.post("/orders", { orderItems: [{ productId: SOME_ID, quantity: 1 }], userCouponId: id }), "/userCouponId");
      bad(await user.post("/orders", { orderItems: [{ productId: SOME_ID, quantity: 1 }], userId: id }), "/userId");
      bad(await user.post("/payments", { orderId: id, method: "BALANCE" }), "/orderId");
      bad(await user.post(`/users/${user.id}/cart/items`, { productId: id, quantity: 1 }), "/productId");
      bad(await shop.operator.post("/admin/balances/grant", { grants: [{ userId: id, amount: 1, reason: "환영" }] }), "/grants/0/userId");
      bad(await user.post(`/coupons/${campaign.id}/issue`, { userId: id }), "/userId");
    }
  });

  test("every well-formed UUID is looked up", async () => {
    for (const id of [
      "00000000-0000-0000-0000-000000000000",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "c232ab00-9414-11ec-b3c8-9f6bdeced846",
      "919108f7-52d1-4320-9bac-f847db4148a8",
    ]) {
      refused(await shop.anyone("GET", `/products/${id}`), 404, "PRODUCT_NOT_FOUND");
      refused(await shop.anyone("GET", `/coupons/${id}`), 404, "COUPON_NOT_FOUND");
      refused(await user.get(`/orders/${id}`), 404, "ORDER_NOT_FOUND");
      refused(await user.get(`/payments/${id}`), 404, "PAYMENT_NOT_FOUND");
      refused(await shop.operator.get(`/users/${id}/balance`), 404, "USER_NOT_FOUND");
      refused(await shop.operator.get(`/users/${id}/coupons`), 404, "USER_NOT_FOUND");
      refused(await shop.operator.get(`/users/${id}/cart`), 404, "USER_NOT_FOUND");
      refused(await shop.operator.get(`/users/${id}/orders`), 404, "USER_NOT_FOUND");
      refused(await shop.operator.get(`/users/${id}/balance/transactions`), 404, "USER_NOT_FOUND");
      refused(await user.post("/orders", { orderItems: [{ productId: id, quantity: 1 }] }), 404, "PRODUCT_NOT_FOUND");
      refused(await shop.operator.post(`/admin/events/${id}/replay`), 404, "NOT_FOUND");
    }
  });

  test("an id in upper case is found and returned in lower case", async () => {
    assert.equal(good(await shop.anyone("GET", `/products/${product.id.toUpperCase()}`), 200).id, product.id);
    assert.equal(good(await user.get(`/users/${user.id.toUpperCase()}/balance`), 200).userId, user.id);
    assert.equal(good(await user.get(`/orders/${order.orderId.toUpperCase()}`), 200).orderId, order.orderId);
    const placed = good(
      await user.post("/orders", {
        userId: user.id.toUpperCase(),
        orderItems: [{ productId: product.id.toUpperCase(), variantId: product.variants[0]?.id.toUpperCase(), quantity: 1 }],
      }),
      201,
    );
    assert.equal(placed.userId, user.id);
    assert.equal(placed.orderItems[0].productId, product.id);
    assert.equal(
      good(
        await shop.operator.post(`/admin/orders/${placed.orderId.toUpperCase()}/refunds`, {
          items: [{ variantId: product.variants[0]?.id.toUpperCase(), quantity: 1 }],
          reason: "단순 변심",
        }),
        200,
      ).status,
      "REFUNDED",
    );
    assert.equal(good(await shop.operator.get(`/admin/orders?userId=${user.id.toUpperCase()}&limit=1`), 200).orders[0].userId, user.id);
  });
});

describe("lists", () => {
  const lists = (): Operation[] =>
    operations.filter(({ operation }) => operation.parameters.some(({ name }: { name?: string }) => name === "cursor"));
  const nameOf = ({ path }: Operation): string => path;

  test("every list refuses a limit outside of 1 to 100", () =>
    each(lists(), nameOf, async ({ path }) => {
      for (const limit of [
        "0",
        "-1",
        "101",
        "abc",
        "1.5",
        "1e400",
        "1e1",
        "0x10",
        "%2B5",
        "%205",
        "5.0",
        "NaN",
        "",
        "1,2",
        "%00",
        "1&limit=2",
        "9007199254740993",
      ])
        bad(await shop.operator.get(`${filled(path)}?limit=${limit}`), "/limit");
    }));

  test("every list refuses a cursor of another list and a malformed cursor", async () => {
    await fillLists();
    const pages = lists()
      .filter(({ path }) => !/\/(entries|attention|orders\/\{\w+\}\/returns)$/.test(path))
      .flatMap(({ path }) =>
        path === "/products"
          ? ["newest", "price", "-price", "name"].map((sort) => `${path}?sort=${sort}`)
          : path.endsWith("/coupons") && path !== "/coupons"
            ? [`${path}?status=ALL`, `${path}?status=AVAILABLE`]
            : [`${path}?`],
      );
    // These lists have no rows here.
    for (const path of ["/admin/drops/{id}/entries", "/admin/payments/attention", "/orders/{orderId}/returns"])
      bad(await shop.operator.get(`${filled(path)}?cursor=x`), "/cursor");
    const cursors = new Map<string, string>();
    await each(pages, String, async (page) => {
      const { nextCursor } = good(await shop.operator.get(`${filled(page)}&limit=1`), 200);
      assert.equal(typeof nextCursor, "string");
      cursors.set(page, nextCursor);
    });
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const mangled = [...cursors.values()].flatMap((cursor) => {
      const [name, ...place] = JSON.parse(Buffer.from(cursor, "base64url").toString()) as unknown[];
      const invalid = [
        2 ** 53,
        2 ** 31,
        2 ** 63,
        -(2 ** 31) - 1,
        1.5,
        -1,
        "",
        "0",
        null,
        {},
        [],
        "ffffffff",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "\0",
        "\ud800",
        "9".repeat(400),
        "'; DROP TABLE users; --",
      ];
      return [
        cursor.slice(1),
        cursor.slice(0, -2),
        `${cursor}x`,
        encode([name]),
        encode([name, ...place, 1]),
        encode({ name }),
        ...invalid.flatMap((value) => place.map((_, i) => encode([name, ...place.with(i, value)]))),
      ];
    });
    const malformed = ["", "x", "%00", "%F0%9F%98%80", "null", "e30", "W10", "[]", "a".repeat(400), "a".repeat(10_000), ...mangled];
    // A mangled cursor may still be a valid position in its list, so 200 is accepted too.
    await each(pages, String, async (page) => {
      for (const [other, cursor] of cursors)
        if (other !== page && filled(other) !== filled(page)) bad(await shop.operator.get(`${filled(page)}&cursor=${cursor}`), "/cursor");
      for (const cursor of malformed) {
        const answer = await shop.operator.get(`${filled(page)}&cursor=${cursor}`);
        if (answer.status !== 200) bad(answer, "/cursor");
      }
      bad(await shop.operator.get(`${filled(page)}&cursor=x`), "/cursor");
      bad(await shop.operator.get(`${filled(page)}&cursor=x&cursor=y`), "/cursor");
      assert.equal((await shop.operator.get(`${filled(page)}&cursor=${cursors.get(page)}`)).status, 200);
    });
  });

  async function fillLists(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      await shop.user();
      await shop.product({ name: `${"한".repeat(299)}${i}` });
      await shop.coupon(user);
      await user.post(`/users/${user.id}/balance/charge`, { amount: 1 });
      const order = good(await user.post("/orders", { orderItems: [{ productId: product.id, quantity: 1 }] }), 201);
      good(await shop.operator.post(`/admin/orders/${order.orderId}/shipments`, { carrier: "CJ대한통운", trackingNumber: `${i}` }), 201);
      good(await user.post(`/orders/${order.orderId}/returns`, { reason: "단순 변심" }), 201);
      const { id: productId } = await shop.product();
      good(await shop.operator.post("/admin/drops", { name: "드롭", productId, opensAt: "2099-01-01T00:00:00Z" }), 201);
      await shop.operator.post(`/admin/variants/${product.variants[0]?.id}/stock`, { delta: 1, reason: "입고" });
      const { id } = good(await shop.operator.post("/admin/rehearsals", { productId: product.id, buyers: 1, arriveWithinMs: 0 }), 201);
      while (good(await shop.operator.get(`/admin/rehearsals/${id}`), 200).finishedAt === null)
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  test("filters are validated, and unknown query parameters are ignored", async () => {
    bad(await shop.anyone("GET", "/products?sort=cheapest"), "/sort");
    bad(await shop.anyone("GET", "/products?includeSoldOut=maybe"), "/includeSoldOut");
    bad(await shop.anyone("GET", `/products?q=${"a".repeat(201)}`), "/q");
    bad(await shop.anyone("GET", "/products?q=%00"), "/q");
    bad(await user.get(`/users/${user.id}/coupons?status=available`), "/status");
    bad(await shop.operator.get("/admin/orders?status=DONE"), "/status");
    bad(await shop.operator.get("/admin/orders?userId=1"), "/userId");
    bad(await shop.operator.get("/admin/events?status=LOST"), "/status");
    bad(await shop.operator.get("/admin/sales?limit=10001"), "/limit");
    for (const q of ["%25", "_", "%5C", "'", "%F0%9F%98%80", "%ED%A0%80", ""])
      assert.equal((await shop.anyone("GET", `/products?q=${q}`)).status, 200, q);
    assert.equal((await shop.anyone("GET", "/products?colour=red&__proto__=x&limit=1")).status, 200);
  });
});

describe("times", () => {
  const NOT_TIMES = [
    "2026-02-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01 00:00:00Z",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "+010000-01-01T00:00:00Z",
    "+275760-09-13T00:00:00Z",
    "-000001-01-01T00:00:00Z",
    "infinity",
    "now",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "20260101T000000Z",
    "2026-W01-1",
    "1767225600000",
    "",
  ];
  const NOT_DAYS = ["2026-02-31", "2026-00-10", "0000-01-01", "10000-01-01", "+275760-09-13", "2026-1-1", "20260101", "today", "", "-infinity"];
  const campaign = { name: "쿠폰", totalQuantity: 1, discount: { type: "FIXED", amount: 1 } };

  test("a time that does not exist is refused", () =>
    each(NOT_TIMES, String, async (time) => {
      for (const field of ["opensAt", "closesAt", "expiresAt"])
        bad(await shop.operator.post("/admin/coupons", { ...campaign, [field]: time }), `/${field}`);
      bad(
        await shop.operator.post("/orders", { userId: user.id, orderItems: [{ productId: product.id, quantity: 1 }], orderedAt: time }),
        "/orderedAt",
      );
      for (const field of ["from", "to"])
        if (!/^\d{4}-01-01$/.test(time)) bad(await shop.operator.get(`/admin/orders?${field}=${encodeURIComponent(time)}`), `/${field}`);
    }));

  test("a day that does not exist is refused", () =>
    each(NOT_DAYS, String, async (day) => {
      for (const field of ["from", "to"]) {
        bad(await shop.operator.get(`/admin/sales?${field}=${encodeURIComponent(day)}`), `/${field}`);
        bad(await shop.operator.get(`/admin/orders?${field}=${encodeURIComponent(day)}`), `/${field}`);
      }
    }));

  test("the first and the last representable times are stored unchanged", async () => {
    for (const [opensAt, closesAt] of [
      ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"],
      ["2026-01-01t09:00:00.1234567+09:00", "2026-06-30T12:00:00z"],
    ] as const) {
      const made = good(await shop.operator.post("/admin/coupons", { ...campaign, opensAt, closesAt, validDays: 36_500 }), 201);
      const read = good(await shop.anyone("GET", `/coupons/${made.id}`), 200);
      assert.deepEqual(
        [read.opensAt, read.closesAt],
        [new Date(opensAt.toUpperCase()).toISOString(), new Date(closesAt.toUpperCase()).toISOString()],
      );
    }
    for (const day of ["0001-01-01", "9999-12-31"]) {
      assert.equal((await shop.operator.get(`/admin/sales?from=${day}&to=${day}`)).status, 200, day);
      assert.equal((await shop.operator.get(`/admin/orders?from=${day}&to=${day}`)).status, 200, day);
    }
  });

  test("a campaign that closes before it opens is refused", async () => {
    bad(await shop.operator.post("/admin/coupons", { ...campaign, opensAt: "2026-02-01T00:00:00Z", closesAt: "2026-02-01T00:00:00Z" }), "/closesAt");
    bad(
      await shop.operator.post("/admin/coupons", { ...campaign, opensAt: "2026-02-01T00:00:00Z", expiresAt: "2026-01-01T00:00:00Z" }),
      "/expiresAt",
    );
    bad(await shop.operator.post("/admin/coupons", { ...campaign, validDays: 36_501 }), "/validDays");
  });

  test("orderedAt is in the past and only for operators", async () => {
    const orderItems = [{ productId: product.id, quantity: 1 }];
    bad(await shop.operator.post("/orders", { userId: user.id, orderItems, orderedAt: new Date(Date.now() + 60_000).toISOString() }), "/orderedAt");
    bad(await shop.operator.post("/orders", { userId: user.id, orderItems, orderedAt: "1969-12-31T23:59:59Z" }), "/orderedAt");
    bad(await user.post("/orders", { orderItems, orderedAt: new Date(Date.now() + 60_000).toISOString() }), "/orderedAt");
    refused(await user.post("/orders", { orderItems, orderedAt: "2026-01-01T00:00:00Z" }), 403, "FORBIDDEN");
    assert.equal(
      good(await shop.operator.post("/orders", { userId: user.id, orderItems, orderedAt: "1970-01-01T00:00:00Z" }), 201).createdAt,
      "1970-01-01T00:00:00.000Z",
    );
  });
});

describe("paths and methods", () => {
  test("an unknown path is 404 for every method", async () => {
    for (const path of [
      "/nothing",
      "/",
      `/products/${SOME_ID}/`,
      "/products//",
      "/Products",
      "/admin",
      "/users",
      `/users/${SOME_ID}`,
      "/%2e%2e/etc/passwd",
      "/docs/../openapi.json/x",
      "/products/%2F/x",
    ]) {
      refused(await shop.anyone("GET", path), 404, "NOT_FOUND");
      refused(await shop.operator.post(path, {}), 404, "NOT_FOUND");
    }
  });

  test("a known path with another method is 405 and names the allowed methods", () =>
    each(
      operations,
      ({ method, path }) => `${method} ${path}`,
      async ({ path }) => {
        const methods = operations.filter((one) => one.path === path).flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method]));
        const answer = await shop.anyone(methods.includes("PUT") ? "POST" : "PUT", filled(path));
        refused(answer, 405, "METHOD_NOT_ALLOWED");
        const allowed = String(answer.headers["allow"]).split(", ");
        assert.ok(
          methods.every((method) => allowed.includes(method)),
          String(allowed),
        );
        for (const method of ["OPTIONS", "PROPFIND", "DELETE", "TRACE"])
          if (!allowed.includes(method)) refused(await shop.anyone(method, filled(path)), 405, "METHOD_NOT_ALLOWED");
      },
    ));

  test("HEAD returns the status and headers of GET without the body", async () => {
    for (const [path, status] of [
      [`/products/${product.id}`, 200],
      ["/products", 200],
      ["/healthz", 200],
      [`/products/${SOME_ID}`, 404],
      ["/products/1", 400],
      ["/nothing", 404],
    ] as const) {
      const head = await shop.anyone("HEAD", path);
      const get = await shop.anyone("GET", path);
      assert.deepEqual(
        { status: head.status, body: head.body, length: head.headers["content-length"] },
        { status, body: "", length: get.headers["content-length"] },
      );
    }
    assert.equal((await shop.anyone("HEAD", "/orders")).status, 405);
    assert.equal((await shop.anyone("HEAD", `/orders/${order.orderId}`)).status, 401);
  });

  // `meant` (validate.ts) drops the extra errors of a nullable field.
  test("an invalid nullable field gets exactly one error", async () => {
    for (const validDays of [0, "x"]) {
      const answer = await shop.operator.post("/admin/coupons", { name: "n", discount: { type: "FIXED", amount: 1 }, totalQuantity: 1, validDays });
      bad(answer, "/validDays");
      assert.equal(answer.body.errors.length, 1);
    }
  });

  // `unreadable` (client-error.ts) adds the list of errors.
  test("invalid percent-encoding is refused with a list of errors", async () => {
    for (const path of ["/products/%", "/products/%zz", "/products/%E0%A4%A", "/%", "/products/%ff", `/users/%/balance`, "/products/%ED%A0%80"])
      bad(await shop.anyone("GET", path), "");
    for (const query of ["%", "%zz", "limit=%zz", "q=%ff", "&&&==", "?", "a=1=2", "q=%E0%A4%A"])
      assert.ok([200, 400].includes((await shop.anyone("GET", `/products?${query}`)).status), query);
  });

  test("the longest paths and queries below the header limit are validated", async () => {
    bad(await shop.anyone("GET", `/products/${"a".repeat(15_000)}`), "/productId", "INVALID_PRODUCT_ID");
    bad(await shop.anyone("GET", `/products?q=${"a".repeat(15_000)}`), "/q");
    refused(await shop.anyone("GET", `/${"a/".repeat(7_000)}`), 404, "NOT_FOUND");
    refused(await shop.anyone("GET", `/products?cursor=${"a".repeat(15_000)}`), 400, "INVALID_REQUEST");
  });
});

describe("bytes that are hardly HTTP", () => {
  const malformed: [description: string, bytes: string | Buffer | (() => string), status: number][] = [
    ["a path of 20 kB", requestText("GET", `/products/${"a".repeat(20_000)}`), 431],
    ["headers of 20 kB", requestText("GET", "/products", { "X-Much": "a".repeat(20_000) }), 431],
    [
      "two thousand headers",
      requestText("GET", "/products", Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`X-${i}`, "some value"]))),
      431,
    ],
    ["NUL in a path", requestText("GET", "/products/\0"), 400],
    ["NUL in a query", requestText("GET", "/products?q=\0"), 400],
    ["NUL in a header", requestText("GET", "/products", { "Accept-Language": "k\0o" }), 400],
    ["a space in the path", "GET /products /x HTTP/1.1\r\nHost: shop\r\n\r\n", 400],
    ["no HTTP at all", "hello\r\n\r\n", 400],
    ["TLS", Buffer.from("16030100c4010000c00303", "hex"), 400],
    ["an invalid length", requestText("POST", "/orders", { "Content-Length": "-1" }, "{}"), 400],
    ["two lengths", requestText("POST", "/orders", { "Content-Length": "2", "content-length": "3" }, "{}"), 400],
    ["a length and chunks", requestText("POST", "/orders", { "Content-Length": "2", "Transfer-Encoding": "chunked" }, "0\r\n\r\n"), 400],
    [
      "an invalid chunk",
      () => requestText("POST", "/orders", { Authorization: `Bearer ${user.token}`, "Transfer-Encoding": "chunked" }, "zz\r\n"),
      400,
    ],
    ["an unknown HTTP version", "GET /products HTTP/9.9\r\nHost: shop\r\n\r\n", 400],
    ["no host", "GET /products HTTP/1.1\r\n\r\n", 400],
  ];
  for (const [description, bytes, status] of malformed) {
    test(`a request with ${description} is ${status}, and its connection ends`, async () => {
      const connection = await RawConnection.open(shop.url);
      connection.write(typeof bytes === "function" ? bytes() : bytes);
      refused(await connection.read(), status, "INVALID_REQUEST");
      if (description !== "no host") await connection.ended();
      connection.close();
    });
  }

  test("an unreadable request is answered with a problem document", async () => {
    const [answer] = await exchange(shop.url, requestText("GET", "/products", { "X-Much": "a".repeat(20_000) }));
    assert.deepEqual(refused(answer as Answer, 431, "INVALID_REQUEST"), {
      type: "/problems/invalid-request",
      title: "Request Header Fields Too Large",
      status: 431,
      code: "INVALID_REQUEST",
      detail: "유효하지 않은 요청입니다",
      errors: [{ path: "", message: "malformed request" }],
    });
  });

  test("an invalid Host header causes no server error", async () => {
    for (const host of ["[", "a b", "evil.example/x", "", "😀", "shop:99999999"]) {
      for (const path of ["/products", "/docs", "/docs/", "/openapi.json"]) {
        const [answer] = await exchange(shop.url, Buffer.from(requestText("GET", path, { Host: host })));
        assert.ok((answer as Answer).status < 500, `${host} ${path} ${JSON.stringify(answer)}`);
      }
    }
  });

  test("slow connections delay no other client", { timeout: 60_000 }, async () => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => RawConnection.open(shop.url)));
    slow.forEach((connection, i) => {
      const whole = requestText("POST", "/orders", { Authorization: `Bearer ${user.token}`, "Content-Length": "500" }, '{"orderItems":');
      connection.write(i % 2 ? whole : whole.slice(0, 40));
    });
    assert.deepEqual(await race(100, () => user.post(`/users/${user.id}/balance/charge`, { amount: 1 })), { 200: 100 });
    for (const connection of slow) connection.close();
  });
});

describe("languages", () => {
  for (const [header, detail] of [
    [undefined, "상품이 존재하지 않습니다"],
    ["ko", "상품이 존재하지 않습니다"],
    ["en", "Product not found"],
    ["en-GB,en;q=0.9", "Product not found"],
    ["ko;q=0.5, en;q=0.9", "Product not found"],
    ["en;q=0.1,ko-KR;q=0.2", "상품이 존재하지 않습니다"],
    ["fr, en;q=0.3", "Product not found"],
    ["en;q=0", "상품이 존재하지 않습니다"],
    ["fr", "상품이 존재하지 않습니다"],
    ["*", "상품이 존재하지 않습니다"],
    ["EN", "Product not found"],
    ["en;q=abc, ;;;, =", "상품이 존재하지 않습니다"],
    ["e".repeat(5000), "상품이 존재하지 않습니다"],
  ] as const) {
    test(`Accept-Language ${header?.slice(0, 30)} selects the language of the detail`, async () => {
      const answer = await shop.anyone("GET", `/products/${SOME_ID}`, undefined, header === undefined ? {} : { "accept-language": header });
      assert.equal(answer.body.detail, detail);
    });
  }

  test("SHOP_LOCALE sets the default language", async (t) => {
    const english = await openTestShop({ env: { SHOP_LOCALE: "en" }, beside: shop });
    t.after(() => english.close());
    assert.equal((await call(english.url, "GET", `/products/${SOME_ID}`)).body.detail, "Product not found");
    assert.equal(
      (await call(english.url, "GET", `/products/${SOME_ID}`, undefined, { "accept-language": "ko" })).body.detail,
      "상품이 존재하지 않습니다",
    );
  });
});
