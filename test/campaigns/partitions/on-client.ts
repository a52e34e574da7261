// The process on the host `client`. Arguments: the lab and the plan. Prints the report.

import { Lab } from "./lab.ts";
import { testPartitions, type Plan } from "./partitions.ts";

const { lab, plan } = JSON.parse(process.argv[2] ?? "") as { lab: Parameters<typeof Lab.join>[0]; plan: Plan };
const report = await testPartitions(Lab.join(lab), plan, (line) => console.error(line));
process.stdout.write(JSON.stringify(report), () => process.exit(0)); // Connections that were cut stay open for minutes.
