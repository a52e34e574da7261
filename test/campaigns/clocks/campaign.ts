import { campaign, secondsSince } from "../campaign.ts";
import { faketimeIsMissing, jumpOfAnInstance, jumpsOfTheDatabase } from "./clocks.ts";

export default campaign({
  summary:
    "moves the clock of one of two instances, and that of the database server, by an hour back and forth with libfaketime, in the middle of holds, openings and expiry",
  options: {
    jumps: { type: "number", default: 20, help: "jumps of the database's clock" },
    buyers: { type: "number", default: 10, help: "buyers who order meanwhile" },
  },
  async run({ jumps, buyers }) {
    const missing = faketimeIsMissing();
    if (missing !== undefined) throw new Error(missing);
    const startedAt = performance.now();
    const reports = [await jumpOfAnInstance(), await jumpsOfTheDatabase({ jumps, buyers })];
    for (const { notes, findings } of reports) {
      for (const note of notes) console.log(`right: ${note}`);
      for (const finding of findings) console.error(`WRONG: ${finding}`);
    }
    const count = reports.flatMap(({ findings }) => findings).length;
    console.log(`${count} findings, ${secondsSince(startedAt)}`);
    return count === 0;
  },
});
