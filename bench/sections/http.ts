// Rows 1, 4, 6 and 7 over HTTP: floor, orders, reads, charges, carts and cards, and the shop's memory.

import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { OverHttp } from "../baselines/over-http.ts";
import type { Plan } from "../load/plan.ts";
import type { Options } from "../options.ts";
import { type Ratio, rowOf, type Section } from "../report/section.ts";
import { memoryOf } from "../support/cores.ts";
import { FIXTURES, openCampaign, pendingOrders } from "../support/fixtures.ts";
import { idOf } from "../support/ids.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { assertCorrect } from "../support/verify.ts";
import { HttpFixture } from "../support/http-fixture.ts";
import { times } from "../support/times.ts";

const CLIENTS = 256;
const GATEWAY = { secret: "test_sk_bench", slowMs: 50 };
const CARDS = 64;
/** Enough that each card payment has an unpaid order. */
const PENDING = 20_000;

export async function http(options: Options): Promise<Section> {
  const simulator = new Simulator(GATEWAY);
  const gatewayUrl = await simulator.listen();
  const fixture = await HttpFixture.open({
    PAYMENT_GATEWAY_URL: gatewayUrl,
    PAYMENT_GATEWAY_SECRET: GATEWAY.secret,
    PAYMENT_GATEWAY_CONCURRENCY: String(CARDS),
  });
  try {
    await fixture.query((client) => pendingOrders(client, PENDING));
    const campaigns = times(FIXTURES.campaigns, (n) => FIXTURES.campaigns + n);
    for (const n of campaigns) await fixture.query((client) => openCampaign(client, n, FIXTURES.users));

    // One coupon, for the first request: the shop must have sold it out itself to know that without the till.
    const soldOut = 2 * FIXTURES.campaigns;
    await fixture.query((client) => openCampaign(client, soldOut, 1));

    const cells = [
      ...orderRequests(fixture, options.quick ? [CLIENTS] : [64, CLIENTS, 1000]),
      ...couponRequests(fixture, campaigns, soldOut),
      ...readRequests(fixture),
      ...otherWrites(fixture),
    ].flatMap((request) => cellsOf(fixture, request));
    const idle = memoryOf(fixture.shop.pid).now;
    const rows = await interleave(fixture, fixture.meters, cells, options);
    const after = memoryOf(fixture.shop.pid);
    await fixture.idle();
    const orders = await assertCorrect(fixture.databaseUrl);
    const memory = `the shop's memory: ${idle.toFixed(0)} MB before, at most ${after.peak.toFixed(0)} MB under load, ${memoryOf(fixture.shop.pid).now.toFixed(0)} MB some seconds later`;
    const peak: Ratio = { name: "the shop's memory under load", value: after.peak, max: 350, unit: " MB" };
    return { title: "Over HTTP", rows, ratios: [...ratios(rows), peak], notes: [memory, `audit: no violation in ${orders} orders`] };
  } finally {
    await fixture.close();
    await simulator.close();
  }
}

/** One kind of request to measure. `url` is the shop's unless given. */
type Request = {
  name: string;
  url?: string;
  plan: Omit<Plan, "url" | "first" | "connections" | "ms" | "warmUpMs">;
  expected: number[];
  waiting?: number[];
};

function cellsOf({ load, shop }: HttpFixture, { name, url = shop.url, plan, expected, waiting = [CLIENTS] }: Request): Cell[] {
  const baseline = new OverHttp(load, { url, ...plan }, expected);
  return waiting.map((clients) => ({ name, waiting: clients, baseline }));
}

const itemOf = (product: number, quantity = 1): object => ({ productId: idOf("product", product), quantity });
const userPaths = (path: string): string[] => times(FIXTURES.users, (n) => `/users/${idOf("user", n)}/${path}`);

function orderRequests({ tokens, floor }: HttpFixture, waiting: number[]): Request[] {
  const post = { method: "POST" as const, paths: ["/orders"], tokens };
  const bodies = [JSON.stringify({ orderItems: [itemOf(0)] })];
  const thousand = times(FIXTURES.products, (n) => JSON.stringify({ orderItems: [itemOf(n)] }));
  const tenItems = times(FIXTURES.products / 10, (n) => JSON.stringify({ orderItems: times(10, (item) => itemOf(n * 10 + item)) }));
  return [
    { name: "floor POST", url: floor.url, plan: { ...post, bodies }, expected: [201] },
    { name: "floor GET", url: floor.url, plan: { method: "GET", paths: ["/constant"] }, expected: [200] },
    { name: "order, hot product", plan: { ...post, bodies }, expected: [201], waiting },
    { name: "order, hot product, with Idempotency-Key", plan: { ...post, bodies, keyed: true }, expected: [201] },
    { name: "order, 1,000 products", plan: { ...post, bodies: thousand }, expected: [201] },
    { name: "order, ten line items", plan: { ...post, bodies: tenItems }, expected: [201] },
  ];
}

function couponRequests({ tokens }: HttpFixture, campaigns: number[], soldOut: number): Request[] {
  const pathOf = (n: number): string => `/coupons/${idOf("campaign", n)}/issue`;
  return [
    { name: "coupon issue", plan: { method: "POST", paths: campaigns.map(pathOf), tokens, each: FIXTURES.users }, expected: [201] },
    { name: "refusal, coupon sold out", plan: { method: "POST", paths: [pathOf(soldOut)], tokens }, expected: [201, 409] },
  ];
}

function readRequests({ tokens }: HttpFixture): Request[] {
  const expected = [200];
  return [
    { name: "product detail, committed", plan: { method: "GET", paths: [`/products/${idOf("product", 0)}`] }, expected },
    { name: "product list", plan: { method: "GET", paths: ["/products"] }, expected },
    { name: "popular products", plan: { method: "GET", paths: ["/products/popular"] }, expected },
    { name: "a user's coupons", plan: { method: "GET", paths: userPaths("coupons"), tokens }, expected },
    { name: "a user's orders", plan: { method: "GET", paths: userPaths("orders"), tokens }, expected },
  ];
}

function otherWrites({ tokens }: HttpFixture): Request[] {
  const items = times(FIXTURES.products, (n) => JSON.stringify(itemOf(n)));
  const cards = times(PENDING, (n) => JSON.stringify({ orderId: idOf("order", n), method: "CARD", paymentKey: `sim.slow...never.${n}` }));
  return [
    { name: "charge", plan: { method: "POST", paths: userPaths("balance/charge"), tokens, bodies: ['{"amount":1000}'] }, expected: [200] },
    { name: "into the cart", plan: { method: "POST", paths: userPaths("cart/items"), tokens, bodies: items }, expected: [201, 409] },
    {
      name: "card payment, gateway takes 50 ms",
      plan: { method: "POST", paths: ["/payments"], tokens, bodies: cards },
      expected: [201],
      waiting: [CARDS],
    },
  ];
}

/** Processor time against bare Fastify's holds on a busy machine; requests per second do not. */
function ratios(rows: Row[]): Ratio[] {
  const microsOf = (name: string, process: string): number => rowOf(rows, name, CLIENTS).median.micros?.[process] ?? Number.NaN;
  const against =
    (floor: string) =>
    (name: string, max?: number, process: "shop" | "postgres" = "shop"): Ratio => ({
      name: `${name} ÷ ${floor}, processor time of ${process === "shop" ? "the shop" : "PostgreSQL"}`,
      value: microsOf(name, process) / microsOf(floor, "floor"),
      ...(max === undefined ? {} : { max }),
    });
  const toPost = against("floor POST");
  const toGet = against("floor GET");
  return [
    toPost("order, hot product", 3),
    toPost("order, hot product, with Idempotency-Key", 3.8),
    toPost("refusal, coupon sold out", 1.8),
    toPost("coupon issue"),
    toGet("product list", 1.5),
    toGet("popular products"),
    toGet("product detail, committed", 1.8),
    toPost("order, hot product", 1.2, "postgres"),
    toPost("order, hot product, with Idempotency-Key", undefined, "postgres"),
  ];
}
