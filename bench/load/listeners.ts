// A process with many listeners of one stream of events, each on a connection of its own.

import { connect, type Socket } from "node:net";

/** `text`: that in an event which is waited for. */
export type Listening = { url: string; path: string; count: number; text: string };
/** `connected`: all listeners have had an event. `heardAt`: when each had the text, in ms since 1970. `events`: that all have had since. */
export type Heard = { connected: true } | { heardAt: number[]; events: number };

/** Connections are opened in batches, as the kernel's queue of new ones is short. */
const BATCH = 250;

process.on("message", (listening: Listening) => void listen(listening).catch((error: unknown) => process.send?.({ error: String(error) })));
process.on("disconnect", () => process.exit());

async function listen({ url, path, count, text }: Listening): Promise<void> {
  const { hostname, port } = new URL(url);
  const sockets: Socket[] = [];
  const heardAt: number[] = [];
  let events = 0;
  for (let opened = 0; opened < count; opened += BATCH) await Promise.all(Array.from({ length: Math.min(BATCH, count - opened) }, () => open()));
  events = 0;
  process.send?.({ connected: true } satisfies Heard);

  function open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      sockets.push(socket);
      let heard = false;
      socket.on("connect", () => socket.write(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`));
      socket.on("error", reject);
      socket.on("data", (chunk: Buffer) => {
        if (chunk.includes("data: ")) {
          events++;
          resolve();
        }
        if (heard || !chunk.includes(text)) return;
        heard = true;
        heardAt.push(Date.now());
        if (heardAt.length === count) process.send?.({ heardAt, events } satisfies Heard);
      });
    });
  }
}
