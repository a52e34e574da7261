/** `Promise.all` that waits for all promises also after a failure, so that no request of a failed action is still running. */
export async function settleAll<T extends readonly unknown[] | []>(promises: T): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
