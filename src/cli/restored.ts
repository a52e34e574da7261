import { readConfig } from "../config.ts";
import { ShopClient } from "../database/client.ts";
import { migrate } from "../database/migrate.ts";
import { connectionSettings } from "../database/pool.ts";
import type { CliCommand } from "./command-line.ts";
import { withShopDatabase } from "./own-database.ts";

export const restored: CliCommand = {
  summary: "Tell the shop that its database went back in time, after a restored snapshot or copy of files",
  usage: `

Run it before the first start. Receivers drop an event whose id they know. After a restore to an earlier moment, a change of an order could get
the id of a change that receivers know and that the database has lost. From this command on, changes of orders have event ids of their own.
A restore to a point in time, a promotion and a restore by pg_dump need no command: the shop notices them when it starts.`,
  options: {},
  async run() {
    const changed = await withShopDatabase(readConfig(process.env), async (url) => {
      await migrate(url, (message) => console.error(message));
      const client = new ShopClient(connectionSettings(url));
      await client.connect();
      try {
        return (await client.query<{ changed: boolean }>("SELECT use_own_event_ids() AS changed")).rows[0]?.changed;
      } finally {
        await client.end();
      }
    });
    console.log(changed ? "From now on changes of orders have event ids of their own." : "Changes of orders already have event ids of their own.");
    return 0;
  },
};
