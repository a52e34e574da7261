/** Why a replay cannot run or continue, as one sentence for the terminal. */
export class ReplayError extends Error {
  override name = "ReplayError";
}

/** The idempotency key was used for a request with different contents. The shop was not changed. */
export class DiffersInShop extends ReplayError {}

const MOST_LISTED = 1_000;

/** Reports all faults of a file in one error. */
export function refuseFile(path: string, faults: string[]): never {
  const listed = faults.slice(0, MOST_LISTED).map((fault) => `\n  ${fault}`);
  const more = faults.length > MOST_LISTED ? `\n  … and ${faults.length - MOST_LISTED} more` : "";
  throw new ReplayError(`${path} cannot be imported, and nothing was changed:${listed.join("")}${more}`);
}
