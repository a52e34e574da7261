import { campaign, SEED, secondsSince } from "../campaign.ts";
import { BROKER_HOSTS, type BrokerPlan, type BrokerReport } from "./brokers.ts";
import { inLab } from "./in-lab.ts";
import { missing } from "./lab.ts";
import { HOSTS, type Plan, type Report } from "./partitions.ts";
import { PATRONI } from "./servers.ts";
import { brokerFaultsIn, brokerTableOf, faultsIn, tableOf } from "./table.ts";

export default campaign({
  summary: "partitions, kills and pauses of PostgreSQL under Patroni, etcd, HAProxy and two shops, each on a host of its own (root only)",
  options: {
    seed: SEED,
    partitions: { type: "number", default: 12, help: "number of partitions" },
    kills: { type: "number", default: 8, help: "number of kills and pauses" },
    mode: { type: "text", default: "synchronous", help: "replication: synchronous or asynchronous" },
    through: { type: "text", default: "haproxy", help: "how the shops find the primary: haproxy or hosts" },
    brokers: { type: "number", default: 0, help: "instead, number of faults of NATS as a cluster and Redis with Sentinels" },
    only: { type: "text", default: "", help: "only faults whose names contain this" },
    control: { type: "flag", help: "asynchronous, only the fault that must lose orders" },
    "per-second": { type: "number", default: 40, help: "orders per second" },
    patroni: { type: "text", default: PATRONI, help: "the program of Patroni" },
    further: { type: "number", default: 0, help: "further seconds that each long fault lasts" },
    logs: { type: "text", help: "folder to which the logs of all hosts are copied" },
  },
  async run({ seed, partitions, kills, mode, through, only, control, brokers, "per-second": perSecond, patroni, further, logs }) {
    const lacks = missing();
    if (lacks !== undefined) throw new Error(lacks);
    if (brokers > 0) return runBrokers({ seed, faults: brokers, only, perSecond }, logs);
    const plan: Plan = {
      mode: control || mode !== "synchronous" ? "asynchronous" : "synchronous",
      through: through === "hosts" ? "hosts" : "haproxy",
      seed,
      partitions,
      kills: control ? 0 : kills,
      control,
      only,
      perSecond,
      patroni,
      furtherMs: further * 1000,
    };
    const startedAt = performance.now();
    console.error(`seed ${seed}`);
    const report = await inLab<Report>("on-client.ts", HOSTS, plan, logs);
    const faults = faultsIn(report);
    console.log(`${tableOf(report)}\n\n${[...faults, `seed ${seed}, ${secondsSince(startedAt)}`].slice(0, 50).join("\n")}`);
    return faults.length === 0;
  },
});

async function runBrokers(plan: BrokerPlan, logs: string | undefined): Promise<boolean> {
  const report = await inLab<BrokerReport>("on-client.ts", BROKER_HOSTS, plan, logs);
  const faults = brokerFaultsIn(report);
  console.log(`${brokerTableOf(report)}\n\n${[...faults, `seed ${plan.seed}`].slice(0, 50).join("\n")}`);
  return faults.length === 0;
}
