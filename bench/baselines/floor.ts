// The floor, a separate process: the shop's HTTP server with two routes that do nothing. One validates an order and responds with as
// many bytes as a real one; the other responds with a constant.

import Type from "typebox";
import { authenticator } from "../../src/http/tokens.ts";
import { measureRequests } from "../../src/http/metrics.ts";
import { Routes, submit } from "../../src/http/route.ts";
import { Body, Id, Quantity } from "../../src/http/schemas.ts";
import { createServer } from "../../src/http/server.ts";
import { idOf } from "../support/ids.ts";
import { readConfig } from "../../src/config.ts";
import type { Till } from "../../src/till/till.ts";
import { Registry } from "prom-client";

const config = readConfig(process.env);
const server = createServer({
  config,
  authenticator: authenticator(config.auth, config.auth.secret ?? ""),
  onFault: (error) => console.error(error),
});
measureRequests(server, new Registry());
const order = {
  orderId: idOf("order", 0),
  orderItems: [{ productId: idOf("product", 0), variantId: idOf("variant", 0), quantity: 1 }],
  totalAmount: 1000,
  padding: "x".repeat(280),
};
const body = JSON.stringify(order);
// Admits every command and executes none. With an idempotency key the answer is the whole response.
const till = { rejectIfOverloaded: () => undefined, submit: () => Promise.resolve({ status: 201, body, replayed: false }) };
const routes = new Routes(server, till as unknown as Till, config.locale);
const nothing = submit({ name: "nothing", needs: () => [], decide: () => null, view: () => order }, null, 201);

routes.write(
  {
    method: "POST",
    path: "/orders",
    operationId: "placeNothing",
    audience: "shopper",
    tag: "Floor",
    summary: "A checked order that is not placed",
    body: Body({
      orderItems: Type.Array(Body({ productId: Id(), variantId: Type.Optional(Id()), quantity: Quantity() }), { minItems: 1, maxItems: 2000 }),
      userCouponId: Type.Optional(Id()),
    }),
    answers: { 201: Type.Object({}) },
  },
  () => nothing,
);
routes.read(
  {
    method: "GET",
    path: "/constant",
    operationId: "getConstant",
    audience: "anyone",
    tag: "Floor",
    summary: "A constant",
    answers: { 200: Type.Object({}) },
  },
  () => body,
);

console.log(`open at ${await server.listen({ port: 0, host: "127.0.0.1" })}`);
