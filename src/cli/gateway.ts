import { Simulator } from "../gateway/simulator/simulator.ts";
import { type CliCommand, CommandFailed } from "./command-line.ts";

export const gateway: CliCommand = {
  summary: "Run a simulated payment gateway",
  usage: ` [--port N] [--host HOST] [--secret SECRET] [--book FILE] [--webhook URL]

  --port N         default 3100
  --host HOST      default 127.0.0.1
  --secret SECRET  the secret key of the shops; default test_sk_jangnal
  --book FILE      the file for its ledger; default: in memory
  --webhook URL    receives its webhooks: a shop's /payments/webhooks/toss

Speaks the HTTP of Toss Payments' core API. Open it in a browser to create payment keys that simulate failures.`,
  options: { port: { type: "string" }, host: { type: "string" }, secret: { type: "string" }, book: { type: "string" }, webhook: { type: "string" } },
  async run({ port = "3100", host = "127.0.0.1", secret = "test_sk_jangnal", book, webhook }) {
    if (!/^\d+$/.test(String(port)) || Number(port) > 65_535) throw new CommandFailed("--port must be a whole number from 0 to 65535.");
    if (webhook !== undefined && !URL.canParse(String(webhook))) throw new CommandFailed("--webhook must be a URL.");
    const simulator = new Simulator({
      secret: String(secret),
      ...(book === undefined ? {} : { path: String(book) }),
      ...(webhook === undefined ? {} : { webhookUrl: String(webhook) }),
    });
    const url = await simulator.listen(Number(port), String(host));
    console.log(
      `A simulated payment gateway is open at ${url}\n\nPAYMENT_GATEWAY_URL=${url} PAYMENT_GATEWAY_SECRET=${secret} PAYMENT_GATEWAY_CLIENT_KEY=test_ck_jangnal npx jangnal serve`,
    );
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
    });
    await simulator.close();
    return 0;
  },
};
