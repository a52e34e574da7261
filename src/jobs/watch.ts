import { LOOK_MS } from "./due-work.ts";

/** Repeats work all the time, in every instance. */
export class Watch {
  readonly #work: () => Promise<number | void>;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();
  #failed = false;

  /**
   * @param work may return after how many ms to repeat it
   * @param onError called with the first error of a series
   */
  constructor(work: () => Promise<number | void>, onError: (error: unknown) => void) {
    this.#work = work;
    this.#onError = onError;
  }

  /** Begins at once: rows may have become due while no instance was up. */
  start(): void {
    this.#repeatIn(0);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  #repeatIn(ms: number): void {
    this.#timer = setTimeout(() => void this.#run(), ms).unref();
  }

  async #run(): Promise<void> {
    const timer = this.#timer;
    let nextMs = LOOK_MS;
    this.#running = this.#work().then(
      (ms) => {
        nextMs = ms ?? LOOK_MS;
        this.#failed = false;
      },
      (error: unknown) => {
        if (!this.#failed) this.#onError(error);
        this.#failed = true;
      },
    );
    await this.#running;
    if (this.#timer === timer) this.#repeatIn(nextMs);
  }
}
