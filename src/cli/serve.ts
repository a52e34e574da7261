import cluster from "node:cluster";
import { type OpenShop, openShop } from "../app/app.ts";
import type { TillLink } from "../app/open-till.ts";
import { readConfig } from "../config.ts";
import { USERS } from "../demo/catalogue.ts";
import { mintToken } from "../http/tokens.ts";
import { CARDS_TAKEN } from "../gateway/open-gateway.ts";
import { isDemo } from "../http/shop.routes.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";
import { runWorkers } from "./workers.ts";
import { TILL_IS_OPEN } from "./till-process.ts";

/** How long a shutdown may take to finish accepted requests, or a start that is still going on. After that the process exits anyway. */
const SHUTDOWN_TIMEOUT_MS = 9_000;
const OPERATOR_HOURS = 12;

export const serve: CliCommand = {
  summary: "Run the shop",
  usage:
    " [--workers N]\n\n  --workers N    instances on this port, to use several cores; default 1\n\nSettings come from the environment; docs/operating/settings.md lists them. Without any, all data is in ./.data.",
  // All but `workers` are internal: the primary process of several workers passes them to its processes.
  options: {
    workers: { type: "string" },
    till: { type: "string" },
    worker: { type: "string" },
    relay: { type: "boolean" },
    greet: { type: "boolean" },
  },
  async run({ workers = "1", till, worker, relay: relays = false, greet: greets = cluster.isPrimary }) {
    if (!/^[1-9]\d{0,2}$/.test(String(workers))) throw new CommandFailed("--workers must be a whole number from 1 to 999.");
    if (Number(workers) > 1) return runWorkers(readConfig(process.env), Number(workers));
    const config = readConfig(process.env);
    // Signals are handled from the beginning, because a shop that is still starting may have accepted a request.
    const stopped = new Promise<null>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(null));
    });
    let isOpen = false;
    const exitInTime = (code: number): unknown => setTimeout(() => process.exit(code), SHUTDOWN_TIMEOUT_MS);
    // A shop that was not open yet had accepted no request, so stopping it is a success.
    void stopped.then(() => exitInTime(isOpen ? 1 : 0));
    const shop = await openShop(config, { link: linkOf(till, worker, relays === true) });
    isOpen = true;
    if (till !== undefined) process.send?.(TILL_IS_OPEN);
    if (greets) await greet(shop);
    const reason = await Promise.race([stopped, shop.broken]);
    if (reason !== null) {
      console.error(`The shop cannot go on: ${reason}`);
      exitInTime(1);
    }
    await shop.close();
    return reason === null ? 0 : 1;
  },
};

function linkOf(till: unknown, worker: unknown, relays: boolean): TillLink | undefined {
  if (typeof till === "string") return { role: "till", path: till };
  return typeof worker === "string" ? { role: "worker", path: worker, relays } : undefined;
}

/**
 * Prints for people, on stderr: the addresses of the shop and its API reference, how cards are taken, and for a demo the console's address and a
 * first order. Stdout has JSON lines only.
 */
async function greet(shop: OpenShop): Promise<void> {
  console.error(`\nJangnal is open at ${shop.url}`);
  console.error(`API documents at   ${shop.url}/docs`);
  console.error(`Cards are          ${CARDS_TAKEN[shop.config.gateway.kind]}`);
  // A real shop's token must not get into a log.
  if (!isDemo(shop.config)) return;
  const token = mintToken(shop.secret, { id: "operator", role: "operator" }, OPERATOR_HOURS, shop.config.auth);
  console.error(`Console at         ${shop.url}/console#token=${token}`);
  // The example is optional: its query may fail while the shop is open.
  const order = await firstOrder(shop).catch(() => undefined);
  if (order) console.error(`\nA first order:\n\n${order}\n`);
}

/** A command that works as pasted: a demo user buys the product with the most stock. Undefined if no demo user can pay for a product. */
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
