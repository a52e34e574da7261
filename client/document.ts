import { join } from "node:path";
import { openShop } from "../src/app/app.ts";
import { readConfig } from "../src/config.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- typed by use
export type Document = { paths: Record<string, Record<string, any>> };

/** The OpenAPI document of a temporary shop, which keeps its data in this folder. */
export async function readDocument(folder: string): Promise<Document> {
  const shop = await openShop(readConfig({ DATA_DIR: join(folder, "data"), PORT: "0", DEMO: "off", LOG_LEVEL: "error" }));
  try {
    return (await (await fetch(`${shop.url}/openapi.json`)).json()) as Document;
  } finally {
    await shop.close();
  }
}
