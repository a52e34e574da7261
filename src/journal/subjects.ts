// The things that a request is about: all ids in its path, its body and its answer.

export type Subject = { type: string; id: string };

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Keys of other systems, and data that operators make up. */
const FOREIGN: ReadonlySet<string> = new Set(["externalId", "gatewayOrderId", "metadata"]);

/** The type of an `id` that a route takes or answers: `product` for `/admin/products/{id}/variants`. */
export function nounOf(path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== "admin");
  const at = segments.findIndex((segment) => segment === "{id}" || segment === "{name}");
  return singular(segments[Math.max(at - 1, 0)] ?? "");
}

/** @param params of the path; `{name}` is a job's */
export function subjectsOfRequest(noun: string, params: Record<string, unknown>, body: unknown): Subject[] {
  const { name, ...ids } = params;
  return [
    ...(typeof name === "string" ? [{ type: noun, id: name }] : []),
    ...idsIn(ids, noun, Number.POSITIVE_INFINITY),
    ...idsIn(body, noun, Number.POSITIVE_INFINITY),
  ];
}

/** Ids of the answer itself and of the things in its lists. */
export function subjectsOfAnswer(noun: string, answer: unknown): Subject[] {
  return [...idsIn(answer, noun, 2)];
}

function* idsIn(value: unknown, noun: string, depth: number): Iterable<Subject> {
  if (typeof value !== "object" || value === null || depth === 0) return;
  for (const [name, member] of Object.entries(value)) {
    if (FOREIGN.has(name)) continue;
    if (typeof member === "string") yield* idOf(name, member, noun);
    else if (Array.isArray(member)) {
      for (const item of member) {
        if (typeof item === "string") yield* idOf(singular(name), item, noun);
        else yield* idsIn(item, singular(name), depth - 1);
      }
    } else yield* idsIn(member, name, depth - 1);
  }
}

function* idOf(name: string, value: string, noun: string): Iterable<Subject> {
  if (!UUID.test(value)) return;
  if (name === "id") yield { type: noun, id: value.toLowerCase() };
  else if (name.endsWith("Id")) yield { type: name.slice(0, -2), id: value.toLowerCase() };
}

function singular(noun: string): string {
  return noun.endsWith("ies") ? `${noun.slice(0, -3)}y` : noun.replace(/s$/, "");
}
