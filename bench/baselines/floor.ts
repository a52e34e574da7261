// The floor, a separate process: bare Fastify on the same Node, with two routes that do nothing. One validates an order and responds with
// as many bytes as a real one; the other responds with a constant.

import Fastify from "fastify";
import { idOf } from "../support/ids.ts";

const server = Fastify({ keepAliveTimeout: 65_000 });
const body = JSON.stringify({
  orderId: idOf("order", 0),
  orderItems: [{ productId: idOf("product", 0), variantId: idOf("variant", 0), quantity: 1 }],
  totalAmount: 1000,
  padding: "x".repeat(280),
});
const JSON_TYPE = "application/json; charset=utf-8";
const lineItem = {
  type: "object",
  additionalProperties: false,
  required: ["productId", "quantity"],
  properties: {
    productId: { type: "string", format: "uuid" },
    variantId: { type: "string", format: "uuid" },
    quantity: { type: "integer", minimum: 1, maximum: 1_000_000 },
  },
};
const order = {
  type: "object",
  additionalProperties: false,
  required: ["orderItems"],
  properties: { orderItems: { type: "array", minItems: 1, maxItems: 2000, items: lineItem }, userCouponId: { type: "string", format: "uuid" } },
};

server.post("/orders", { schema: { body: order } }, (_request, reply) => {
  reply.code(201).type(JSON_TYPE).send(body);
});
server.get("/constant", (_request, reply) => {
  reply.type(JSON_TYPE).send(body);
});

console.log(`open at ${await server.listen({ port: 0, host: "127.0.0.1" })}`);
