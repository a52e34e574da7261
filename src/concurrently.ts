/** Does `work` for each item, begun in their order, at most `limit` at a time. The first failure is thrown once what had begun has ended. */
export async function concurrently<T>(items: Iterable<T>, limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed = false;
  async function worker(): Promise<void> {
    for (let next = rest.next(); !failed && next.done !== true; next = rest.next()) {
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: limit }, worker));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
