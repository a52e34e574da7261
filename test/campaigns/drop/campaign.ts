import { audit } from "../../../src/audit/audit.ts";
import { dropRush, limitRush } from "../../support/drop-rush.ts";
import { openTestShop } from "../../support/shop.ts";
import { campaign, SEED, secondsSince } from "../campaign.ts";

export default campaign({
  summary: "a crowd at drops on two instances: limit, holds, line; the books must add up at every instant, and no entry may be overtaken",
  needsServer: true,
  options: {
    people: { type: "number", default: 10_000, help: "people who try to pass the limit, eight times each at once" },
    crowd: { type: "number", default: 1000, help: "people at the drop with holds and a line" },
    stock: { type: "number", default: 500, help: "units of each of two variants in that drop" },
    seconds: { type: "number", default: 60, help: "how long they come back" },
    seed: SEED,
  },
  async run({ people, crowd, stock, seconds, seed }) {
    const shop = await openTestShop();
    const other = await openTestShop({ beside: shop });
    try {
      const startedAt = performance.now();
      const { bought, above } = await limitRush({ shops: [shop, other], people });
      console.log(`${people} people, 8 tries each: ${bought} units bought, ${above} above the limit, ${secondsSince(startedAt)}`);
      const report = await dropRush({ shops: [shop, other], people: crowd, stock, holdFor: "PT2S", forMs: seconds * 1000, seed });
      console.log(`seed ${seed}: ${JSON.stringify(report)}`);
      const { violations } = await audit({ url: shop.shop.config.databaseUrl ?? "" }, shop.shop.config.timezone);
      for (const violation of violations) console.error(JSON.stringify(violation));
      return above === 0 && violations.length === 0 && report.late < 1000;
    } finally {
      await other.close();
      await shop.close();
    }
  },
});
