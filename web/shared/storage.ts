// Values that the pages store in the browser. If the browser blocks site data, every access throws, and the page uses its own memory instead.

const memory = new Map<string, string>();

export type Area = "localStorage" | "sessionStorage";

export function readStored(area: Area, key: string): string | null {
  const inMemory = memory.get(key);
  if (inMemory !== undefined) return inMemory;
  try {
    return globalThis[area].getItem(key);
  } catch {
    return null;
  }
}

export function store(area: Area, key: string, value: string): void {
  try {
    globalThis[area].setItem(key, value);
    memory.delete(key);
  } catch {
    memory.set(key, value);
  }
}

export function removeStored(area: Area, key: string): void {
  memory.delete(key);
  try {
    globalThis[area].removeItem(key);
  } catch {
    // The browser stores nothing for this page.
  }
}
