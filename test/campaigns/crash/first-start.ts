// A shop that dies while it makes its tables, at each point of it in turn: the next start goes on where it stopped.

import { isOfMigration, KillPoints } from "./kill-points.ts";
import { Sandbox } from "./sandbox.ts";
import type { Report } from "./crash.ts";

export async function crashFirstStart(): Promise<Pick<Report, "points" | "violations">> {
  const premises = await Sandbox.at();
  const points = new KillPoints(premises.pointsFile, isOfMigration);
  const violations: unknown[] = [];
  try {
    await premises.open();
    await premises.killShop();
    points.learn(undefined, false);
    for (const point of points.neverHit) {
      await premises.empty();
      await premises.open({ point, pass: 1 });
      await premises.killShop();
      points.learn(point, false);
      if (!(await premises.open())) throw new Error(`the shop does not start after it died ${point}`);
      violations.push(...(await premises.audit()));
      await premises.killShop();
    }
    return { points: points.all, violations };
  } finally {
    await premises.remove();
  }
}
