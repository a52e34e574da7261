// Checks whether a concurrent history of one object has a sequential one with the same responses, in which each operation takes effect
// between its invocation and its response. Wing and Gong's search, with Lowe's memory of visited pairs of (linearized operations, state).

/** One operation on an object, as its client saw it. */
export type Operation<Input> = {
  input: Input;
  invokedAt: number;
  /** Infinity: the outcome is unknown. The operation may take effect at any later moment, or never. */
  respondedAt: number;
  /** Index of an operation that comes before this one: the second of two effects of one request. */
  after?: number;
  name: string;
};

/** The sequential object. States are immutable. */
export type Model<State, Input> = {
  initial: State;
  /** The state after the operation; undefined if its response is not possible in this state. */
  step(state: State, input: Input): State | undefined;
  /** Equal for equal states. */
  keyOf(state: State): string;
  /**
   * Operations of equal class have equal effects in each state, and no response that tells when they took effect. Of those that are
   * possible next, only the one with the earliest response is tried.
   */
  classOf?(input: Input): string | undefined;
};

/** `stuck`: the operations of which one had to come next, after the longest sequence that was found. */
export type Linearizability =
  | { verdict: "linearizable" }
  | { verdict: "violated"; stuck: string[]; state: string }
  | { verdict: "undecided"; steps: number };

const MOST_STEPS = 2_000_000;

export function checkLinearizability<State, Input>(
  operations: readonly Operation<Input>[],
  model: Model<State, Input>,
  mostSteps = MOST_STEPS,
): Linearizability {
  return new Search(operations, model, mostSteps).run();
}

type Node<State> = { state: State; tried: number; candidates: number[]; chosen: number };

class Search<State, Input> {
  readonly #operations: readonly Operation<Input>[];
  readonly #model: Model<State, Input>;
  readonly #mostSteps: number;
  /** Indices of operations: those with a response by invocation, then those without. Positions are places in it. */
  readonly #order: number[];
  /** How many have a response. */
  readonly #completed: number;
  readonly #isDone: Uint8Array;
  /** All operations with a response before this position are linearized. */
  #low = 0;
  /** Positions of all further linearized operations. */
  readonly #ahead = new Set<number>();
  #left: number;
  readonly #visited = new Set<string>();
  #best: { left: number; stuck: string[]; state: string };

  constructor(operations: readonly Operation<Input>[], model: Model<State, Input>, mostSteps: number) {
    this.#operations = operations;
    this.#model = model;
    this.#mostSteps = mostSteps;
    const [completed, unknown] = [true, false].map((has) =>
      [...operations.keys()].filter((i) => (operations[i] as Operation<Input>).respondedAt < Infinity === has),
    );
    const byInvocation = (a: number, b: number): number => (operations[a]?.invokedAt ?? 0) - (operations[b]?.invokedAt ?? 0);
    this.#order = [...(completed as number[]).toSorted(byInvocation), ...(unknown as number[])];
    this.#completed = (completed as number[]).length;
    this.#isDone = new Uint8Array(operations.length);
    this.#left = this.#completed;
    this.#best = { left: Infinity, stuck: [], state: "" };
  }

  run(): Linearizability {
    const stack: Node<State>[] = [this.#open(this.#model.initial, -1)];
    for (let steps = 0; this.#left > 0; steps++) {
      if (steps >= this.#mostSteps) return { verdict: "undecided", steps };
      const node = stack.at(-1);
      if (node === undefined) return { verdict: "violated", stuck: this.#best.stuck, state: this.#best.state };
      const position = node.candidates[node.tried++];
      if (position === undefined) {
        stack.pop();
        if (node.chosen >= 0) this.#undo(node.chosen);
        continue;
      }
      const next = this.#model.step(node.state, this.#at(position).input);
      if (next === undefined) continue;
      this.#do(position);
      const key = `${this.#low} ${[...this.#ahead].toSorted((a, b) => a - b).join(",")} ${this.#model.keyOf(next)}`;
      if (this.#visited.has(key)) {
        this.#undo(position);
        continue;
      }
      this.#visited.add(key);
      stack.push(this.#open(next, position));
    }
    return { verdict: "linearizable" };
  }

  /** The operations that may come next in this state: all that were invoked before the first response of those that are left. */
  #open(state: State, chosen: number): Node<State> {
    const available: number[] = [];
    let firstResponse = Infinity;
    for (let position = this.#low; position < this.#completed; position++) {
      const { invokedAt, respondedAt } = this.#at(position);
      if (invokedAt > firstResponse) break;
      if (this.#ahead.has(position)) continue;
      firstResponse = Math.min(firstResponse, respondedAt);
      available.push(position);
    }
    for (let position = this.#completed; position < this.#order.length; position++) if (!this.#ahead.has(position)) available.push(position);
    const ready = available.filter((position) => {
      const { invokedAt, after } = this.#at(position);
      return invokedAt <= firstResponse && (after === undefined || this.#isDone[after] === 1);
    });
    this.#remember(ready, state);
    return { state, tried: 0, candidates: this.#reduce(ready, state), chosen };
  }

  /** A read that fits now can take effect now, since it changes nothing. Otherwise, the first response of each class goes first. */
  #reduce(ready: number[], state: State): number[] {
    const byResponse = ready.toSorted((a, b) => this.#at(a).respondedAt - this.#at(b).respondedAt);
    const key = this.#model.keyOf(state);
    const read = byResponse.find((position) => {
      const { input, respondedAt } = this.#at(position);
      if (respondedAt === Infinity) return false;
      const next = this.#model.step(state, input);
      return next !== undefined && this.#model.keyOf(next) === key;
    });
    if (read !== undefined) return [read];
    const classes = new Set<string>();
    return byResponse.filter((position) => {
      const own = this.#classOf(position) ?? `its own ${position}`;
      return !classes.has(own) && classes.add(own);
    });
  }

  /**
   * The class of an operation that is ready; undefined if it has none. Two effects of a request have one if no response bounds them: a client
   * that repeats a card payment during an outage makes dozens of such pairs.
   */
  #classOf(position: number): string | undefined {
    const { input, after, respondedAt } = this.#at(position);
    const found = this.#model.classOf?.(input);
    const follower = this.#followerOf(position);
    if (found === undefined || (after === undefined && follower === undefined)) return found;
    if (respondedAt < Infinity) return undefined;
    if (follower === undefined) return `${found}, the second effect`;
    const second = follower.respondedAt === Infinity ? this.#model.classOf?.(follower.input) : undefined;
    return second === undefined ? undefined : `${found}, then ${second}`;
  }

  /** The second effect of a request stands next to the first. */
  #followerOf(position: number): Operation<Input> | undefined {
    const index = this.#order[position] as number;
    const next = this.#operations[index + 1];
    return next?.after === index ? next : undefined;
  }

  #remember(ready: number[], state: State): void {
    if (this.#left >= this.#best.left) return;
    this.#best = {
      left: this.#left,
      stuck: ready.map((position) => this.#at(position).name).slice(0, 8),
      state: this.#model.keyOf(state).slice(0, 200),
    };
  }

  #at(position: number): Operation<Input> {
    return this.#operations[this.#order[position] as number] as Operation<Input>;
  }

  #do(position: number): void {
    this.#ahead.add(position);
    this.#isDone[this.#order[position] as number] = 1;
    if (this.#at(position).respondedAt < Infinity) this.#left--;
    while (this.#ahead.delete(this.#low)) this.#low++;
  }

  #undo(position: number): void {
    for (; this.#low > position; this.#low--) this.#ahead.add(this.#low - 1);
    this.#ahead.delete(position);
    this.#isDone[this.#order[position] as number] = 0;
    if (this.#at(position).respondedAt < Infinity) this.#left++;
  }
}
