// Serializes requests that are pipelined on one connection.

import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Handles the requests of a connection one after the other. They are decided in the order in which they were sent, and each sees the effects of
 * the previous one. Node gives the connection to a response when all earlier ones have ended, and to none on a connection that closes: its
 * client could not read the remaining responses. Nearly every request is alone on its connection and does not wait.
 */
export function inTurn(response: ServerResponse, begin: () => void): void {
  if (response.socket !== null) begin();
  else response.once("socket", begin);
}

/**
 * Runs `begin` after all requests on the connection are answered, or at once if there are none. A request whose body broke off is never
 * answered, so `begin` takes its turn.
 */
export function inOrderOfArrival(connection: Duplex, begin: () => void): void {
  const { _httpMessage: unanswered } = connection as { _httpMessage?: ServerResponse | null };
  if (!unanswered?.req.complete) begin();
  else unanswered.once("close", () => inOrderOfArrival(connection, begin));
}
