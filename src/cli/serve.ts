import cluster from "node:cluster";
import { type OpenShop, openShop } from "../app/app.ts";
import { readConfig } from "../config.ts";
import { USERS } from "../demo/catalogue.ts";
import { mintToken } from "../http/tokens.ts";
import { CARDS_TAKEN } from "../gateway/open-gateway.ts";
import { isDemo } from "../http/shop.routes.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { runWorkers } from "./workers.ts";

/** What was accepted is finished within this, and an opening that is under way waited for; then the process ends all the same. */
const CLOSE_WITHIN_MS = 9_000;
const OPERATOR_HOURS = 12;

export const serve: CliCommand = {
  summary: "Open the shop",
  usage:
    " [--workers N]\n\n  --workers N    instances on this port, to use the machine's cores; default 1\n\nSettings come from the environment; docs/operating/settings.md lists them. Without any, everything is kept in ./.data.",
  options: { workers: { type: "string" } },
  async run({ workers = "1" }) {
    if (!/^[1-9]\d{0,2}$/.test(String(workers))) throw new CommandFailed("--workers must be a whole number from 1 to 999.");
    if (Number(workers) > 1) return runWorkers(readConfig(process.env), Number(workers));
    const config = readConfig(process.env);
    // From the first moment on: whoever is asked to stop while it opens has perhaps accepted something already.
    const stopped = new Promise<null>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(null));
    });
    // A shop that never opened owes nobody anything, and the next start goes on from what is there.
    let isOpen = false;
    const endInTime = (): unknown => setTimeout(() => process.exit(isOpen ? 1 : 0), CLOSE_WITHIN_MS);
    void stopped.then(endInTime);
    const shop = await openShop(config);
    isOpen = true;
    // Of several workers the first one says it for all.
    if (cluster.isPrimary || cluster.worker?.id === 1) await greet(shop);
    const reason = await Promise.race([stopped, shop.broken]);
    if (reason !== null) {
      console.error(`The shop can't go on: ${reason}`);
      endInTime();
    }
    await shop.close();
    return reason === null ? 0 : 1;
  },
};

/**
 * The last lines that are printed on stderr, for people: where the shop is, where its documents are, what takes
 * cards, and of a demo how to get in, and an order to try. On stdout there are JSON lines only.
 */
async function greet(shop: OpenShop): Promise<void> {
  console.error(`\nJangnal is open at ${shop.url}`);
  console.error(`API documents at   ${shop.url}/docs`);
  console.error(`Cards are          ${CARDS_TAKEN[shop.config.gateway.kind]}`);
  // A demo's operator need not look for a key. Anywhere else a token that is printed is one in a log.
  if (!isDemo(shop.config)) return;
  const token = mintToken(shop.secret, { id: "operator", role: "operator" }, OPERATOR_HOURS, shop.config.auth);
  console.error(`Console at         ${shop.url}/console#token=${token}`);
  // The shop is open whether or not its database has just gone again.
  const order = await firstOrder(shop).catch(() => undefined);
  if (order) console.error(`\nA first order:\n\n${order}\n`);
}

/** A request that works as pasted: one of the demo's users buys what there is most of. Nothing where none of them can pay for anything. */
async function firstOrder({ config, database, secret, url }: OpenShop): Promise<string | undefined> {
  const [found] = await database.rows<{ userId: string; productId: string }>({
    name: "select first order",
    text: `SELECT u.id AS "userId", p.id AS "productId" FROM users u, products p JOIN variants v ON v.product_id = p.id
           WHERE u.external_id = ANY($1::text[]) AND p.status = 'ON_SALE' AND v.stock > 0 AND u.balance >= v.price
             AND (SELECT count(*) FROM variants every WHERE every.product_id = p.id) = 1
           ORDER BY v.stock DESC, u.balance DESC LIMIT 1`,
    values: [USERS.map(({ externalId }) => externalId)],
  });
  if (!found) return undefined;
  const token = mintToken(secret, { id: found.userId, role: "shopper" }, 24, config.auth);
  return [
    `curl -X POST ${url}/orders \\`,
    `  -H 'Authorization: Bearer ${token}' \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '{"orderItems": [{"productId": "${found.productId}", "quantity": 1}]}'`,
  ].join("\n");
}
