import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeHistory } from "./judge-history.ts";
import { requestsOf } from "./requests.ts";

test("an attempt that was certainly not decided is not counted", () => {
  const sent = { caller: "user", key: "key", method: "POST", path: "/payments" };
  const answers = [
    { status: 503, response: { code: "UNAVAILABLE" } },
    { status: 503, response: { code: "BUSY" } },
    { status: 409, response: { code: "IDEMPOTENCY_IN_PROGRESS" } },
    {},
  ].map((answer, i) => ({ ...sent, invokedAt: i, respondedAt: i + 0.5, ...answer }));
  const last = { ...sent, invokedAt: 4, respondedAt: 5, status: 201, response: {} };
  const attemptsOf = (exchanges: Parameters<typeof requestsOf>[0]) => requestsOf(exchanges).requests.map(({ attempts }) => attempts);
  assert.deepEqual(attemptsOf([...answers, last]), [3]);
  assert.deepEqual(attemptsOf(answers), [2]);
});

// Without the kept name, 50 requests of 1,000 users each take 4 GB: the name of each user's movement keeps a text of the whole request.
test("a bulk request is described once, and not once for each of its users", () => {
  let described = 0;
  const users = Array.from({ length: 100 }, (_, i) => `user-${i}`);
  const grants = users.map((userId) => ({ userId, amount: 1 }));
  const body = { grants, toJSON: () => ++described };
  const report = judgeHistory({
    origin: 0,
    exchanges: [
      {
        caller: "operator",
        method: "POST",
        path: "/admin/users",
        invokedAt: 0,
        respondedAt: 1,
        status: 201,
        response: { users: users.map((id) => ({ id })) },
      },
      { caller: "operator", method: "POST", path: "/admin/balances/grant", body, invokedAt: 2, respondedAt: 3, status: 200, response: {} },
    ],
    ledgers: [],
  });
  assert.deepEqual(report.anomalies, []);
  assert.equal(report.operations, users.length);
  assert.equal(described, 1);
});
