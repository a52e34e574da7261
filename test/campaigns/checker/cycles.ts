// A dependency graph of transactions, after Adya (1999): which transaction wrote the version that another one read, replaced or missed.
// A cycle is an anomaly. With edges of real time, it is a violation of strict serializability, as in Elle (Kingsbury and Alvaro, 2020).

/** ww: wrote the next version. wr: read that version. rw: read the version before it. rt: began after the other had ended. */
export type EdgeKind = "ww" | "wr" | "rw" | "rt";
export type Edge = { from: number; to: number; kind: EdgeKind };
export type Transaction = {
  name: string;
  /** Versions that it wrote, and versions that it read, each of a chain. The first version of a chain is 1; 0 is before it. */
  writes: { chain: string; version: number }[];
  reads: { chain: string; version: number }[];
  /** Missing for a transaction without a client, such as one of a job. */
  invokedAt?: number;
  respondedAt?: number;
};
export type Anomaly = { kind: string; transactions: string[] };
export type CycleCheck = { edges: number; anomalies: Anomaly[] };

const MOST_ANOMALIES = 20;

/** Finds versions that two transactions wrote, versions that were read but not written, and cycles. */
export function checkCycles(transactions: readonly Transaction[]): CycleCheck {
  const anomalies: Anomaly[] = [];
  const writers = new Map<string, Map<number, number>>();
  for (const [i, { name, writes }] of transactions.entries())
    for (const { chain, version } of writes) {
      const versions = writers.get(chain) ?? new Map<number, number>();
      const other = versions.get(version);
      if (other !== undefined && other !== i)
        anomalies.push({ kind: "lost update", transactions: [(transactions[other] as Transaction).name, name, `version ${version} of ${chain}`] });
      writers.set(chain, versions.set(version, i));
    }
  const edges = [...dependencies(transactions, writers, anomalies), ...realTime(transactions)];
  for (const cycle of cyclesOf(edges, transactions.length)) {
    if (anomalies.length >= MOST_ANOMALIES) break;
    anomalies.push({ kind: kindOf(cycle), transactions: cycle.map(({ from, kind }) => `${transactions[from]?.name ?? "…"} –${kind}→`) });
  }
  return { edges: edges.length, anomalies };
}

function* dependencies(transactions: readonly Transaction[], writers: Map<string, Map<number, number>>, anomalies: Anomaly[]): Generator<Edge> {
  for (const versions of writers.values())
    for (const [version, writer] of versions) {
      const next = versions.get(version + 1);
      if (next !== undefined && next !== writer) yield { from: writer, to: next, kind: "ww" };
    }
  for (const [reader, { name, reads }] of transactions.entries())
    for (const { chain, version } of reads) {
      const versions = writers.get(chain);
      const [writer, next] = [versions?.get(version), versions?.get(version + 1)];
      if (writer === undefined && version > 0)
        anomalies.push({ kind: "read of a version that was never committed (G1a)", transactions: [name, `version ${version} of ${chain}`] });
      if (writer !== undefined && writer !== reader) yield { from: writer, to: reader, kind: "wr" };
      if (next !== undefined && next !== reader) yield { from: reader, to: next, kind: "rw" };
    }
}

/**
 * Edges of real time, by way of a further node for each response: from a transaction to its response, from each response to the next one,
 * and from the last response before an invocation to the invoked transaction.
 */
function* realTime(transactions: readonly Transaction[]): Generator<Edge> {
  const ended = [...transactions.entries()].flatMap(([i, { respondedAt }]) =>
    respondedAt === undefined || respondedAt === Infinity ? [] : [{ i, respondedAt }],
  );
  ended.sort((a, b) => a.respondedAt - b.respondedAt);
  const begun = [...transactions.entries()].flatMap(([i, { invokedAt }]) => (invokedAt === undefined ? [] : [{ i, invokedAt }]));
  begun.sort((a, b) => a.invokedAt - b.invokedAt);
  const node = (place: number): number => transactions.length + place;
  let place = -1;
  for (const { i, invokedAt } of begun) {
    while ((ended[place + 1]?.respondedAt ?? Infinity) < invokedAt) place++;
    if (place >= 0) yield { from: node(place), to: i, kind: "rt" };
  }
  for (const [place, { i }] of ended.entries()) {
    yield { from: i, to: node(place), kind: "rt" };
    if (place > 0) yield { from: node(place - 1), to: node(place), kind: "rt" };
  }
}

/** One short cycle of each strongly connected component. */
function* cyclesOf(edges: readonly Edge[], transactions: number): Generator<Edge[]> {
  const out = Map.groupBy(edges, ({ from }) => from);
  for (const component of componentsOf(out)) {
    const members = new Set(component);
    const start = component.find((node) => node < transactions);
    if (start !== undefined) yield shortestCycle(start, out, members);
  }
}

/** Breadth first from a transaction, within its component, back to itself. */
function shortestCycle(start: number, out: Map<number, Edge[]>, members: Set<number>): Edge[] {
  const cameBy = new Map<number, Edge>();
  const queue = [start];
  for (let node = queue.shift(); node !== undefined; node = queue.shift())
    for (const edge of out.get(node) ?? []) {
      if (!members.has(edge.to) || cameBy.has(edge.to)) continue;
      cameBy.set(edge.to, edge);
      if (edge.to === start) queue.length = 0;
      else queue.push(edge.to);
    }
  const cycle: Edge[] = [];
  for (let node = start; cycle.length === 0 || node !== start;) {
    const edge = cameBy.get(node) as Edge;
    cycle.unshift(edge);
    node = edge.from;
  }
  return cycle;
}

/** Tarjan's strongly connected components of more than one node, without recursion. */
function* componentsOf(out: Map<number, Edge[]>): Generator<number[]> {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const isOnStack = new Set<number>();
  for (const root of out.keys()) {
    if (index.has(root)) continue;
    const calls: { node: number; tried: number }[] = [];
    const open = (node: number): void => {
      index.set(node, index.size);
      low.set(node, index.get(node) as number);
      stack.push(node);
      isOnStack.add(node);
      calls.push({ node, tried: 0 });
    };
    open(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { node } = call;
      const edge = out.get(node)?.[call.tried++];
      if (edge !== undefined) {
        if (!index.has(edge.to)) open(edge.to);
        else if (isOnStack.has(edge.to)) low.set(node, Math.min(low.get(node) as number, index.get(edge.to) as number));
        continue;
      }
      calls.pop();
      const parent = calls.at(-1)?.node;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent) as number, low.get(node) as number));
      if (low.get(node) !== index.get(node)) continue;
      const component = stack.splice(stack.lastIndexOf(node));
      for (const member of component) isOnStack.delete(member);
      if (component.length > 1) yield component;
    }
  }
}

/** Adya's name: G0 has writes only, G1c also reads, G2 also a version that was missed. With real time, the order is not strict. */
function kindOf(cycle: Edge[]): string {
  const kinds = new Set(cycle.map(({ kind }) => kind));
  const name = kinds.has("rw") ? "G2" : kinds.has("wr") ? "G1c" : "G0";
  return kinds.has("rt") ? `${name}-realtime` : name;
}
