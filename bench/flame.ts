/**
 * Where the shop's thread spends its time: one kind of request over HTTP under V8's profiler, as a flame graph in `bench/results/`.
 * `npm run bench:flame -- order` (or list, refusal, keyed, coupons, orders). What is broad took long; what stands on another was called by it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Loaded, Plan } from "./load/plan.ts";
import { RESULTS } from "./options.ts";
import { callsOf, flame, type Profile } from "./report/flame.ts";
import { FIXTURES, openCampaign } from "./support/fixtures.ts";
import { HttpFixture } from "./support/http-fixture.ts";
import { idOf } from "./support/ids.ts";
import { times } from "./support/times.ts";

const CROWD = 256;
const MS = 6000;
const WARM_UP_MS = 3000;
/** So few that each has been seen before: what a token costs that is seen for the first time is another question. */
const USERS = 1000;

const body = JSON.stringify({ orderItems: [{ productId: idOf("product", 0), quantity: 1 }] });
const soldOut = 2 * FIXTURES.campaigns;
const ofUsers = (path: string): string[] => times(USERS, (n) => `/users/${idOf("user", n)}/${path}`);
const KINDS: Record<string, Pick<Plan, "method" | "paths" | "bodies" | "keyed">> = {
  order: { method: "POST", paths: ["/orders"], bodies: [body] },
  keyed: { method: "POST", paths: ["/orders"], bodies: [body], keyed: true },
  refusal: { method: "POST", paths: [`/coupons/${idOf("campaign", soldOut)}/issue`] },
  list: { method: "GET", paths: ["/products"] },
  coupons: { method: "GET", paths: ofUsers("coupons") },
  orders: { method: "GET", paths: ofUsers("orders") },
};

const kind = process.argv[2] ?? "order";
const asked = KINDS[kind];
if (!asked) throw new Error(`npm run bench:flame -- ${Object.keys(KINDS).join("|")}`);
const folder = mkdtempSync(join(tmpdir(), "jangnal-flame-"));
const stage = await HttpFixture.open({}, ["--cpu-prof", `--cpu-prof-dir=${folder}`]);
let from = 0;
let to = 0;
try {
  await stage.query((client) => openCampaign(client, soldOut, 1));
  const load = (ms: number, first: number): Promise<Loaded> =>
    stage.load.send(
      { url: stage.shop.url, ...asked, tokens: stage.tokens.slice(0, USERS), first, connections: CROWD, ms, warmUpMs: 0 },
      [200, 201, 409],
    );
  const { next } = await load(WARM_UP_MS, 0);
  from = microseconds();
  await load(MS, next);
  to = microseconds();
} finally {
  await stage.close();
}
const [file] = readdirSync(folder);
const profile = JSON.parse(readFileSync(join(folder, file as string), "utf8")) as Profile;
rmSync(folder, { recursive: true });
const root = callsOf(profile, from, to);
if (root.us === 0) throw new Error("the profile has no sample of the time under load");
writeFileSync(join(RESULTS, `flame-${kind}.svg`), flame(root, `${kind}, ${CROWD} waiting: the shop's thread while it was busy`));

/** On the clock of the profile. */
function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
