import { audit } from "../../../src/audit/audit.ts";
import { dropRush, limitRush } from "../../support/drop-rush.ts";
import { openTestShop, type TestShop } from "../../support/shop.ts";
import { campaign, SEED, secondsSince } from "../campaign.ts";
import { rushWithKills } from "./rush-with-kills.ts";

/** A hold passes on within this time after its end. */
const LATE_MS = 1000;

export default campaign({
  summary:
    "a crowd at drops: the limit and a line on two instances, and a line while the shop and PostgreSQL are killed; the books must add up at every instant, and no entry may be overtaken",
  needsServer: true,
  hasHistory: true,
  options: {
    only: { type: "text", default: "limit,rush,kills", help: "which of the three parts to run" },
    people: { type: "number", default: 10_000, help: "limit: people who try to pass it, eight times each at once" },
    crowd: { type: "number", default: 1000, help: "rush: people at the drop with holds and a line" },
    stock: { type: "number", default: 500, help: "rush: units of each of two variants" },
    seconds: { type: "number", default: 60, help: "rush: how long people come back" },
    entries: { type: "number", default: 50_000, help: "kills: people who enter" },
    units: { type: "number", default: 1000, help: "kills: units in all" },
    kills: { type: "number", default: 12, help: "kills: how often the shop, PostgreSQL or both are killed" },
    seed: SEED,
  },
  async run({ only, people, crowd, stock, seconds, entries, units, kills, seed }) {
    const parts = only.split(",");
    const results: boolean[] = [];
    if (parts.includes("limit")) results.push(await onTwoInstances((shops) => limit(shops, people)));
    if (parts.includes("rush")) results.push(await onTwoInstances((shops) => rush(shops, { crowd, stock, seconds, seed })));
    if (parts.includes("kills")) results.push(await withKills({ people: entries, units, kills, seed }));
    if (results.length === 0) throw new Error("--only takes limit, rush and kills");
    return results.every(Boolean);
  },
});

async function onTwoInstances(run: (shops: [TestShop, TestShop]) => Promise<boolean>): Promise<boolean> {
  const shop = await openTestShop();
  const other = await openTestShop({ beside: shop });
  try {
    const isRight = await run([shop, other]);
    const { violations } = await audit({ url: shop.shop.config.databaseUrl ?? "" }, shop.shop.config.timezone);
    for (const violation of violations) console.error(JSON.stringify(violation));
    return isRight && violations.length === 0;
  } finally {
    await other.close();
    await shop.close();
  }
}

async function limit(shops: TestShop[], people: number): Promise<boolean> {
  const startedAt = performance.now();
  const { bought, above } = await limitRush({ shops, people });
  console.log(`limit: ${people} people, 8 tries each: ${bought} units bought, ${above} above the limit, ${secondsSince(startedAt)}`);
  return above === 0;
}

type RushTerms = { crowd: number; stock: number; seconds: number; seed: number };

async function rush(shops: TestShop[], { crowd, stock, seconds, seed }: RushTerms): Promise<boolean> {
  const report = await dropRush({ shops, people: crowd, stock, holdFor: "PT2S", forMs: seconds * 1000, seed });
  console.log(`rush, seed ${seed}: ${JSON.stringify(report)}`);
  return report.late < LATE_MS;
}

async function withKills(options: { people: number; units: number; kills: number; seed: number }): Promise<boolean> {
  const startedAt = performance.now();
  const { findings, ...report } = await rushWithKills({
    ...options,
    onKill: (kind, count) => console.error(`${secondsSince(startedAt)}: killing ${kind} after ${count} entries`),
  });
  console.log(`kills, seed ${options.seed}: ${JSON.stringify(report)}, ${findings.length} findings, ${secondsSince(startedAt)}`);
  for (const finding of findings.slice(0, 50)) console.error(typeof finding === "string" ? finding : JSON.stringify(finding));
  return findings.length === 0 && report.late < LATE_MS;
}
