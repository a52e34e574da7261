// The process on the host `client`. Arguments: the lab and the plan. Prints the report.

import { type BrokerPlan, testBrokers } from "./brokers.ts";
import { Lab } from "./lab.ts";
import { type Plan, testPartitions } from "./partitions.ts";

const { lab: description, plan } = JSON.parse(process.argv[2] ?? "") as { lab: Parameters<typeof Lab.join>[0]; plan: Plan | BrokerPlan };
const lab = Lab.join(description);
const log = (line: string): void => console.error(line);
const report = await ("mode" in plan ? testPartitions(lab, plan, log) : testBrokers(lab, plan, log));
process.stdout.write(JSON.stringify(report), () => process.exit(0)); // Connections that were cut stay open for minutes.
