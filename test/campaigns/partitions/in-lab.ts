// Runs a plan on a lab of its own, which is removed afterwards.

import { cpSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Lab } from "./lab.ts";

/** Resolves with the report. @param keepLogs a folder to which the logs of all hosts are copied */
export async function inLab<Report>(script: string, hosts: readonly string[], plan: unknown, keepLogs?: string): Promise<Report> {
  const lab = Lab.create(hosts);
  const interrupt = (): void => {
    lab.remove();
    process.exit(130);
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const client = lab.startHere("client", [process.execPath, join(import.meta.dirname, script), JSON.stringify({ lab, plan })]);
    const [report, code] = await Promise.all([text(client.stdout), new Promise((resolve) => client.once("close", resolve))]);
    if (code !== 0) throw new Error(`the run on the client ended with ${String(code)}`);
    return JSON.parse(report) as Report;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    try {
      if (keepLogs !== undefined) cpSync(lab.folder, keepLogs, { recursive: true, filter: isLog });
    } finally {
      lab.remove();
    }
  }
}

function isLog(path: string): boolean {
  return path.endsWith(".log") || (lstatSync(path).isDirectory() && !path.endsWith("/data"));
}
