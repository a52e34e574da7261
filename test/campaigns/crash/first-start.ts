// Kills a shop during its first migration, at each kill point in turn. The next start must complete the migration.

import { isOfMigration, KillPoints } from "./kill-points.ts";
import { Sandbox } from "./sandbox.ts";
import type { CrashReport } from "./crash.ts";

export async function crashFirstStart(): Promise<Pick<CrashReport, "killPoints" | "violations">> {
  const sandbox = await Sandbox.create();
  const killPoints = new KillPoints(sandbox.pointsFile, isOfMigration);
  const violations: unknown[] = [];
  try {
    await sandbox.open();
    await sandbox.killShop();
    killPoints.learn(undefined, false);
    for (const point of killPoints.neverHit) {
      await sandbox.empty();
      await sandbox.open({ point, pass: 1 });
      await sandbox.killShop();
      killPoints.learn(point, false);
      if (!(await sandbox.open())) throw new Error(`the shop does not start after its death at ${point}`);
      violations.push(...(await sandbox.audit()));
      await sandbox.killShop();
    }
    return { killPoints: killPoints.all, violations };
  } finally {
    await sandbox.remove();
  }
}
