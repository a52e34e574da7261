// Race tests over real connections, against one instance and against two on one database. The
// totals are right in every interleaving.

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { instances, races } from "../support/contract/races.ts";
import { openTestShop } from "../support/shop.ts";

races("1 instance", () => instances(1));
races("2 instances", () => instances(2));

// The test fails if the queue is not served from its front (till/queue.ts), or if the check of a
// token leaves the thread (http/tokens.ts).
test("of two hundred claims for a hundred coupons, the first hundred get them", async () => {
  const shop = await openTestShop();
  try {
    const campaign = await shop.campaign({ totalQuantity: 100 });
    const users = await shop.users(200);
    const sockets = await Promise.all(users.map(() => connected(shop.url)));
    const answers = sockets.map(firstLine);
    users.forEach(({ token }, i) =>
      sockets[i]?.write(`POST /coupons/${campaign.id}/issue HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`),
    );
    const statuses = (await Promise.all(answers)).map((line) => Number(line.split(" ")[1]));
    assert.deepEqual(statuses, [...Array<number>(100).fill(201), ...Array<number>(100).fill(409)]);
    for (const socket of sockets) socket.destroy();
  } finally {
    await shop.close();
  }
});

function connected(url: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => resolve(socket.setNoDelay(true)));
    socket.once("error", reject);
  });
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n")) resolve(text.slice(0, text.indexOf("\r\n")));
    });
  });
}
