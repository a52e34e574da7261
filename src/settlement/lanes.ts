// Bounded concurrency for calls that may hang: a call that takes long gives its lane to the next one, and goes on beside it.

export type LanesOptions = {
  /** How many calls run at once. */
  lanes: number;
  /** After this time a call that still runs has yielded its lane. */
  yieldAfterMs: number;
  /** How many calls may have yielded; one more keeps its lane. */
  mostYielded: number;
};

export class Lanes {
  readonly #options: LanesOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #slow = 0;

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** Runs `work` when a lane is free, in the order of the calls. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const start = Promise.withResolvers<void>();
    this.#waiting.push(start.resolve);
    this.#startWaiting();
    await start.promise;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.#slow++;
      this.#startWaiting();
    }, this.#options.yieldAfterMs).unref();
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.#running--;
      if (isSlow) this.#slow--;
      this.#startWaiting();
    }
  }

  #startWaiting(): void {
    const { lanes, mostYielded } = this.#options;
    while (this.#waiting.length > 0 && this.#running < lanes + Math.min(this.#slow, mostYielded)) {
      this.#running++;
      this.#waiting.shift()?.();
    }
  }
}
