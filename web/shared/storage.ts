// What the pages keep in the browser. A browser that blocks site data throws at every access: then the page keeps it in its own memory.

const memory = new Map<string, string>();

export type Area = "localStorage" | "sessionStorage";

export function readKept(area: Area, key: string): string | null {
  const own = memory.get(key);
  if (own !== undefined) return own;
  try {
    return globalThis[area].getItem(key);
  } catch {
    return null;
  }
}

export function keep(area: Area, key: string, value: string): void {
  try {
    globalThis[area].setItem(key, value);
    memory.delete(key);
  } catch {
    memory.set(key, value);
  }
}

export function dropKept(area: Area, key: string): void {
  memory.delete(key);
  try {
    globalThis[area].removeItem(key);
  } catch {
    // Nothing was kept there.
  }
}
