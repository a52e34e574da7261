// Rows 1, 4, 6 and 7 over HTTP: the floor, orders, reads, charges, carts and cards, and what memory the shop takes for it.

import { Simulator } from "../../src/gateway/simulator/simulator.ts";
import { OverHttp } from "../baselines/over-http.ts";
import type { Plan } from "../load/plan.ts";
import type { Options } from "../options.ts";
import { perSecondOf, type Ratio, type Section } from "../report/section.ts";
import { memoryOf } from "../support/cores.ts";
import { FIXTURES, openCampaign, pendingOrders } from "../support/fixtures.ts";
import { idOf } from "../support/ids.ts";
import { type Cell, interleave, type Row } from "../support/interleave.ts";
import { assertCorrect } from "../support/verify.ts";
import { HttpFixture } from "../support/http-fixture.ts";
import { times } from "../support/times.ts";

const CROWD = 256;
const GATEWAY = { secret: "test_sk_bench", slowMs: 50 };
const CARDS = 64;
/** Enough that no card payment finds its order paid. */
const PENDING = 20_000;

export async function http(options: Options): Promise<Section> {
  const simulator = new Simulator(GATEWAY);
  const gatewayUrl = await simulator.listen();
  const stage = await HttpFixture.open({
    PAYMENT_GATEWAY_URL: gatewayUrl,
    PAYMENT_GATEWAY_SECRET: GATEWAY.secret,
    PAYMENT_GATEWAY_CONCURRENCY: String(CARDS),
  });
  try {
    const { tokens } = stage;
    await stage.query((client) => pendingOrders(client, PENDING));
    const campaigns = times(FIXTURES.campaigns, (n) => FIXTURES.campaigns + n);
    for (const n of campaigns) await stage.query((client) => openCampaign(client, n, FIXTURES.users));

    // One coupon, which the first caller gets: the shop has to have sold it out itself.
    const soldOut = 2 * FIXTURES.campaigns;
    await stage.query((client) => openCampaign(client, soldOut, 1));

    const cells: Cell[] = [];
    const enter = (
      name: string,
      url: string,
      plan: Omit<Plan, "url" | "first" | "connections" | "ms" | "warmUpMs">,
      expected: number[],
      ...crowds: number[]
    ): void => {
      const contender = new OverHttp(stage.load, { url, ...plan }, expected);
      for (const waiting of crowds) cells.push({ name, waiting, contender });
    };
    const shop = stage.shop.url;
    const users = (path: string): string[] => times(FIXTURES.users, (n) => `/users/${idOf("user", n)}/${path}`);
    const article = (product: number, quantity = 1): object => ({ productId: idOf("product", product), quantity });
    const order = JSON.stringify({ orderItems: [article(0)] });
    const crowds = options.quick ? [CROWD] : [64, CROWD, 1000];

    enter("floor POST", stage.floor.url, { method: "POST", paths: ["/orders"], tokens, bodies: [order] }, [201], CROWD);
    enter("floor GET", stage.floor.url, { method: "GET", paths: ["/constant"] }, [200], CROWD);
    enter("order, hot product", shop, { method: "POST", paths: ["/orders"], tokens, bodies: [order] }, [201], ...crowds);
    enter(
      "order, hot product, with Idempotency-Key",
      shop,
      { method: "POST", paths: ["/orders"], tokens, bodies: [order], keyed: true },
      [201],
      CROWD,
    );
    enter(
      "order, 1,000 products",
      shop,
      { method: "POST", paths: ["/orders"], tokens, bodies: times(FIXTURES.products, (n) => JSON.stringify({ orderItems: [article(n)] })) },
      [201],
      CROWD,
    );
    enter(
      "order, ten lines",
      shop,
      {
        method: "POST",
        paths: ["/orders"],
        tokens,
        bodies: times(FIXTURES.products / 10, (n) => JSON.stringify({ orderItems: times(10, (line) => article(n * 10 + line)) })),
      },
      [201],
      CROWD,
    );
    enter(
      "coupon issue",
      shop,
      { method: "POST", paths: campaigns.map((n) => `/coupons/${idOf("campaign", n)}/issue`), tokens, each: FIXTURES.users },
      [201],
      CROWD,
    );
    enter("refusal, coupon sold out", shop, { method: "POST", paths: [`/coupons/${idOf("campaign", soldOut)}/issue`], tokens }, [201, 409], CROWD);
    enter("product detail, committed", shop, { method: "GET", paths: [`/products/${idOf("product", 0)}`] }, [200], CROWD);
    enter("product list", shop, { method: "GET", paths: ["/products"] }, [200], CROWD);
    enter("popular products", shop, { method: "GET", paths: ["/products/popular"] }, [200], CROWD);
    enter("a user's coupons", shop, { method: "GET", paths: users("coupons"), tokens }, [200], CROWD);
    enter("a user's orders", shop, { method: "GET", paths: users("orders"), tokens }, [200], CROWD);
    enter("charge", shop, { method: "POST", paths: users("balance/charge"), tokens, bodies: ['{"amount":1000}'] }, [200], CROWD);
    enter(
      "into the cart",
      shop,
      { method: "POST", paths: users("cart/items"), tokens, bodies: times(FIXTURES.products, (n) => JSON.stringify(article(n))) },
      [201, 409],
      CROWD,
    );
    const cards = times(PENDING, (n) => JSON.stringify({ orderId: idOf("order", n), method: "CARD", paymentKey: `sim.slow...never.${n}` }));
    enter("card payment, gateway takes 50 ms", shop, { method: "POST", paths: ["/payments"], tokens, bodies: cards }, [201], CARDS);

    const idle = memoryOf(stage.shop.pid).now;
    const rows = await interleave(stage, stage.sides, cells, options);
    const after = memoryOf(stage.shop.pid);
    await stage.quiet();
    const orders = await assertCorrect(stage.databaseUrl);
    const memory = `the shop's memory: ${idle.toFixed(0)} MB before, at most ${after.peak.toFixed(0)} MB under load, ${memoryOf(stage.shop.pid).now.toFixed(0)} MB a while after it`;
    const most: Ratio = { name: "the shop's memory under load", value: after.peak, most: 250, unit: " MB" };
    return { title: "Over HTTP", rows, ratios: [...ratios(rows), most], notes: [memory, `audit: no violation in ${orders} orders`] };
  } finally {
    await stage.close();
    await simulator.close();
  }
}

function ratios(rows: Row[]): Ratio[] {
  const of = (name: string): number => perSecondOf(rows, name, CROWD);
  const post = of("floor POST");
  const get = of("floor GET");
  return [
    { name: "order, hot product ÷ floor POST", value: of("order, hot product") / post, least: 0.35 },
    { name: "order with Idempotency-Key ÷ floor POST", value: of("order, hot product, with Idempotency-Key") / post },
    { name: "coupon issue ÷ floor POST", value: of("coupon issue") / post, least: 0.45 },
    { name: "refusal, coupon sold out ÷ floor POST", value: of("refusal, coupon sold out") / post, least: 0.9 },
    { name: "product detail ÷ floor GET", value: of("product detail, committed") / get, least: 0.7 },
    { name: "product list ÷ floor GET", value: of("product list") / get, least: 0.9 },
  ];
}
