/**
 * `node bench/order-cost.ts BEFORE [--after DIR] [--seeds N] [--items 10]`
 *
 * Compares what an order costs in two source trees, in instructions of the processor: its JSON, needs, decision, answer as JSON, and all statements
 * of the round with their parameters. There is no database, no HTTP and no relay. Valgrind counts the instructions of V8's compiled code, so other
 * load on the machine changes nothing: processor time on a busy machine differs by tens of per cent from turn to turn, by caches and clock rates.
 * The orders of a short run are subtracted from those of a long one, which leaves out start and warm-up. V8 runs on one thread, with a seed: other
 * seeds give other hashes and other moments of compilation, so each seed is one observation, of which the interval is made by bootstrap.
 */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { idOf } from "./support/ids.ts";

const ORDERS = 256;
/** Orders of several line items are of this number of products, as in `npm run bench`. */
const PRODUCTS = 1000;
const PRODUCT_STEP = 331;
/** Rounds of the short run, in which V8 has compiled everything, and of the long one. */
const [SHORT, LONG] = [40, 100];
const RESAMPLES = 10_000;
const PRICE = 1000;
const NOW = Date.UTC(2026, 10, 29);

// The trees may be of different versions, so their modules have no common types.
// oxlint-disable-next-line no-explicit-any
type Modules = Record<string, any>;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    after: { type: "string", default: join(import.meta.dirname, "..") },
    seeds: { type: "string", default: "8" },
    rounds: { type: "string" },
    items: { type: "string", default: "1" },
  },
});
const before = positionals[0];
/** Line items per order. */
const items = Number(values.items);
if (before === undefined) throw new Error("give the directory of the tree to compare with");
if (values.rounds !== undefined) {
  const round = await open(before);
  for (let i = 0; i < Number(values.rounds); i++) round();
} else compare(resolve(before), resolve(values.after), Number(values.seeds));

function compare(one: string, two: string, seeds: number): void {
  const ratios: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const [first, second] = [perOrder(one, seed), perOrder(two, seed)];
    ratios.push(second / first);
    console.log(`seed ${seed}: ${Math.round(first)} and ${Math.round(second)} instructions per order, ${(second / first).toFixed(4)}`);
  }
  const [low, high] = interval(ratios);
  console.log(`after ÷ before: ${mean(ratios).toFixed(4)}, 95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}, of ${seeds} seeds`);
}

function perOrder(tree: string, seed: number): number {
  return (instructions(tree, seed, LONG) - instructions(tree, seed, SHORT)) / ((LONG - SHORT) * ORDERS);
}

/** Instructions of a process that decides and encodes so many rounds. Errors: Valgrind is not installed. */
function instructions(tree: string, seed: number, rounds: number): number {
  const node = [process.execPath, "--single-threaded", "--predictable", `--random-seed=${seed}`, `--hash-seed=${seed}`];
  const args = [
    "--tool=cachegrind",
    "--cache-sim=no",
    "--cachegrind-out-file=/dev/null",
    ...node,
    import.meta.filename,
    tree,
    "--rounds",
    `${rounds}`,
    "--items",
    `${items}`,
  ];
  const { status, stderr, error } = spawnSync("valgrind", args, { encoding: "utf8" });
  const count = /I +refs: +([\d,]+)/.exec(stderr ?? "")?.[1];
  if (status !== 0 || count === undefined) throw error ?? new Error(stderr);
  return Number(count.replaceAll(",", ""));
}

/** A round of orders of one unit of each line item, paid from balances, by the code of a tree. */
async function open(tree: string): Promise<() => void> {
  const load = (path: string): Promise<Modules> => import(join(tree, "src", path)) as Promise<Modules>;
  const [{ placeOrder }, { decide }, { users }, { products, variants }] = (await Promise.all(
    ["order/place-order.ts", "till/decide.ts", "balance/balance.sql.ts", "catalog/catalog.sql.ts"].map(load),
  )) as [Modules, Modules, Modules, Modules];
  const command = placeOrder(undefined, undefined, undefined);
  const rows = Array.from({ length: ORDERS }, (_, n) => n);
  const articles = Array.from({ length: items === 1 ? ORDERS : PRODUCTS }, (_, n) => n);
  const loaded = new Map<unknown, Map<string, unknown>>([
    [users, new Map(rows.map((n) => [idOf("user", n), { id: idOf("user", n), balance: PRICE * 1000 * items, version: 1 }]))],
    [products, new Map(articles.map((n) => [idOf("product", n), productOf(n)]))],
    [variants, new Map(articles.map((n) => [idOf("variant", n), variantOf(n)]))],
  ]);
  const inputs = rows.map((n) => JSON.stringify(orderOf(n)));
  let bytes = 0;
  return () => {
    const prepared = inputs.map((text) => {
      const input: unknown = JSON.parse(text);
      return { command, input, needs: command.needs(input) };
    });
    const { outcomes, changes } = decide(prepared, loaded, NOW);
    for (const outcome of outcomes) {
      if (outcome.kind !== "answer") throw outcome.error ?? new Error(outcome.kind);
      bytes += JSON.stringify(outcome.answer).length;
    }
    for (const [table, changed] of changes.tables) for (const { values } of table.save(changed)) bytes += values.length;
    for (const [journal, entries] of changes.journals) bytes += journal.append(entries).values.length;
    if (bytes === 0) throw new Error("no order was encoded");
  };
}

function orderOf(n: number): object {
  return {
    userId: idOf("user", n),
    lineItems: Array.from({ length: items }, (_, i) => {
      const article = items === 1 ? n : (n * PRODUCT_STEP + i) % PRODUCTS;
      return { productId: idOf("product", article), variantId: idOf("variant", article), quantity: 1 };
    }),
    userCouponId: null,
    method: "BALANCE",
    orderedAt: null,
    expectedAmount: null,
    expiresAfterMs: 1_800_000,
    viewer: { isOperator: false, timezone: "Asia/Seoul" },
  };
}

function productOf(n: number): object {
  return { id: idOf("product", n), name: "product", description: "", status: "ON_SALE", price: PRICE, version: 0 };
}

function variantOf(n: number): object {
  const id = idOf("variant", n);
  return {
    id,
    productId: idOf("product", n),
    position: 0,
    sku: null,
    name: null,
    options: {},
    price: PRICE,
    stock: 1_000_000,
    status: "ON_SALE",
    version: 0,
  };
}

function interval(sample: number[]): [number, number] {
  const means = Array.from({ length: RESAMPLES }, () => mean(sample.map(() => sample[Math.floor(Math.random() * sample.length)] as number)));
  means.sort((a, b) => a - b);
  return [means[Math.floor(RESAMPLES * 0.025)] as number, means[Math.floor(RESAMPLES * 0.975)] as number];
}

function mean(sample: number[]): number {
  return sample.reduce((sum, one) => sum + one, 0) / sample.length;
}
