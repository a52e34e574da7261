/** What keeps a replay from running or going on, in one sentence for the person at the terminal. */
export class ReplayError extends Error {
  override name = "ReplayError";
}
