import { unrecorded } from "../../support/history.ts";
import { faultsOf } from "../../support/verification.ts";
import { campaign, SEED, secondsSince } from "../campaign.ts";
import { loseOnALyingDisk, testPowerCuts } from "./power.ts";

const MOST_FAULTS_PRINTED = 50;

export default campaign({
  summary: "power cuts under load on a disk that loses and tears what was not synced, and the same on a disk that lies about fsync",
  options: {
    seed: SEED,
    cuts: { type: "number", default: 20, help: "number of power cuts" },
    of: {
      type: "text",
      default: "shop",
      help: "what loses power: shop (with its embedded database) or database (the server of it, and the shop goes on)",
    },
    clients: { type: "number", default: 16, help: "number of clients" },
    controls: { type: "number", default: 5, help: "number of runs on a lying disk, most of which must lose data" },
  },
  hasHistory: true,
  async run({ seed, cuts, of, clients, controls }) {
    const startedAt = performance.now();
    console.log(`seed ${seed}`);
    const { verification, violations, differences, retries } = await testPowerCuts({
      seed,
      cuts,
      of: of === "database" ? "database" : "shop",
      clients,
      onCut: (cut) => console.error(`cut ${cut}`),
    });
    let controlsThatLost = 0;
    for (let control = 0; control < controls; control++) {
      const loss = await unrecorded(() => loseOnALyingDisk(seed + control));
      console.error(`control ${control + 1}: ${loss ?? "nothing was lost"}`);
      if (loss !== undefined) controlsThatLost++;
    }
    const faults = faultsOf(verification);
    const all = [...Object.values(faults).flat(), ...violations, ...differences];
    for (const fault of all.slice(0, MOST_FAULTS_PRINTED)) console.log(typeof fault === "string" ? fault : JSON.stringify(fault));
    console.log(
      [
        `power cuts    ${cuts} in ${secondsSince(startedAt)}`,
        `acknowledged  ${verification.acknowledged} responses, ${verification.orders} orders, ${verification.events} events; retries ${retries}`,
        `lost          ${faults.lost.length}`,
        `duplicated    ${faults.duplicated.length}`,
        `events        ${faults.undelivered.length} undelivered, ${faults.outOfOrder.length} out of order`,
        `audit         ${violations.length} violations in ${cuts + 1} audits`,
        `gateway       ${differences.length} differences`,
        `control       ${controlsThatLost} of ${controls} runs on a lying disk lost data`,
      ].join("\n"),
    );
    return all.length === 0 && controlsThatLost * 2 > controls - 1;
  },
});
