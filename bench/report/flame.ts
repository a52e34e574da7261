// A profile of V8's as a picture.

/** As `node --cpu-prof` writes it; times in µs. */
export type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; children?: number[] }[];
  startTime: number;
  samples: number[];
  timeDeltas: number[];
};

/** A function as it was called from where it stands, with everything that it called; `us` includes those. */
export type Call = { name: string; us: number; calls: Map<string, Call> };

const WIDTH = 1200;
const ROW = 17;
/** What is narrower than this is left out. */
const NARROWEST = 0.6;

/** The calls between two instants, without the time in which there was nothing to do. */
export function callsOf({ nodes, startTime, samples, timeDeltas }: Profile, from: number, to: number): Call {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const root: Call = { name: "all", us: 0, calls: new Map() };
  let at = startTime;
  samples.forEach((id, i) => {
    const us = timeDeltas[i] ?? 0;
    at += us;
    if (at < from || at > to || names.get(id) === "(idle)") return;
    const stack: string[] = [];
    for (let node: number | undefined = id; node !== undefined && parents.has(node); node = parents.get(node)) stack.push(names.get(node) ?? "");
    let call = root;
    call.us += us;
    for (const name of stack.toReversed()) {
      const inner: Call = call.calls.get(name) ?? { name, us: 0, calls: new Map() };
      call.calls.set(name, inner);
      inner.us += us;
      call = inner;
    }
  });
  return root;
}

/** The picture: what calls stands below what it calls. */
export function flame(root: Call, title: string): string {
  const boxes: string[] = [];
  let deepest = 0;
  const draw = (call: Call, x: number, depth: number): void => {
    const width = (call.us / root.us) * WIDTH;
    if (width < NARROWEST) return;
    deepest = Math.max(deepest, depth);
    const share = `${((call.us / root.us) * 100).toFixed(1)} %`;
    const shown = call.name.slice(0, Math.floor(width / 6.2));
    boxes.push(
      `<g transform="translate(${x.toFixed(1)} ${-depth * ROW})"><title>${escape(call.name)}: ${share}</title>` +
        `<rect width="${Math.max(0.3, width - 0.4).toFixed(1)}" height="${ROW - 1}" fill="${colourOf(call.name)}"/>` +
        `${shown.length > 2 ? `<text x="3" y="12">${escape(shown)}</text>` : ""}</g>`,
    );
    let left = x;
    for (const inner of [...call.calls.values()].sort((a, b) => b.us - a.us)) {
      draw(inner, left, depth + 1);
      left += (inner.us / root.us) * WIDTH;
    }
  };
  draw(root, 0, 0);
  const height = (deepest + 1) * ROW + 34;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 ${WIDTH + 16} ${height}" font-family="ui-monospace, monospace" font-size="10">
<rect x="-8" width="100%" height="100%" fill="#fff"/>
<text x="0" y="16" font-size="13">${escape(title)}. Blue: the shop's; orange: packages; green: Node's own; grey: V8 and the kernel.</text>
<g transform="translate(0 ${height - ROW - 4})">
${boxes.join("\n")}
</g>
</svg>
`;
}

function nameOf({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string {
  const place = url.startsWith("node:") ? url : (/(?:node_modules|src|bin)\/.*$/.exec(url)?.[0] ?? "").replace("node_modules/", "~");
  return place === "" ? functionName : `${functionName || "(anonymous)"} ${place}:${lineNumber + 1}`;
}

function colourOf(name: string): string {
  if (name.includes(" src/")) return "#9cc3ea";
  if (name.includes(" ~")) return "#f3c08b";
  return name.includes(" node:") ? "#b5d9a8" : "#d5d8dc";
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
