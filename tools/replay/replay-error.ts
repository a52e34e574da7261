/** What keeps a replay from running or going on, in one sentence for the person at the terminal. */
export class ReplayError extends Error {
  override name = "ReplayError";
}

/** The shop has the same thing, by its key, with other contents. It was left as it is. */
export class DiffersInShop extends ReplayError {}

const MOST_LISTED = 1_000;

/** Everything that is wrong with a file, in one error. */
export function refuseFile(path: string, faults: string[]): never {
  const listed = faults.slice(0, MOST_LISTED).map((fault) => `\n  ${fault}`);
  const more = faults.length > MOST_LISTED ? `\n  … and ${faults.length - MOST_LISTED} more` : "";
  throw new ReplayError(`${path} cannot be brought in, and nothing was done:${listed.join("")}${more}`);
}
