import { openShop } from "../app/app.ts";
import { readConfig } from "../config.ts";
import type { CliCommand } from "./command-line.ts";

export const demo: CliCommand = {
  summary: "Fill an empty shop with demo products, users and coupons",
  usage: "\n\nDoes nothing if a user or a product exists. `serve` does the same while DEMO is on.",
  options: {},
  async run() {
    const shop = await openShop({ ...readConfig(process.env), port: 0, host: "127.0.0.1", demo: true });
    try {
      const { rows } = await shop.database.pool.query<{ products: number; users: number }>(
        "SELECT (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM users) AS users",
      );
      console.log(`The shop has ${rows[0]?.products} products and ${rows[0]?.users} users.`);
    } finally {
      await shop.close();
    }
    return 0;
  },
};
