// The log lines about events and open money; docs/operating/runbook.md says what to do about each.

import type { Logger } from "pino";
import type { SinkReport } from "../outbox/sink-report.ts";

export function logReport(log: Logger, { kind, ...fields }: SinkReport): void {
  if (kind === "refused") log.warn(fields, "a sink refuses an event; the event is retried, later events of its order wait");
  else if (kind === "dead") log.error(fields, "an event is a dead letter; an operator can replay it");
  else if (kind === "unavailable") log.warn(fields, "a sink is unavailable; its events wait");
  else log.info(fields, "a sink is available again");
}

export function logBacklog(log: Logger, topic: "events" | "money", warning: string | null): void {
  if (warning === null) log.info(topic === "events" ? "events are no longer late or dead" : "money is no longer in doubt");
  else log.warn({ detail: warning }, topic === "events" ? "events are late or dead" : "money is in doubt");
}
