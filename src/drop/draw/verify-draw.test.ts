// `verifyDraw` agrees with the files of the independent implementation, and with no file that was
// tampered with.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type DrawHeader, type DrawLine, drawLine, linesOf, NotADrawFile } from "./draw-file.ts";
import { type Expected, type Finding, verifyDraw } from "./verify-draw.ts";

type Draw = { header: DrawHeader; entries: DrawLine[]; held: number[] };
const vectors = JSON.parse(readFileSync(new URL("../../../test/vectors/draw.json", import.meta.url), "utf8")) as { draws: Draw[] };
const drawn = (entries: number): Draw => structuredClone(vectors.draws.find((draw) => draw.entries.length === entries)) as Draw;

const fileOf = ({ header, entries }: Draw): string => `${JSON.stringify(header)}\n${entries.map(drawLine).join("")}`;

async function* chunked(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function verified(file: string, expected: Expected = {}, chunk = 1000): Promise<{ agrees: boolean; failed: string[]; all: string[] }> {
  const findings: Finding[] = [];
  const agrees = await verifyDraw(linesOf(chunked(file, chunk)), expected, (finding) => findings.push(finding));
  return {
    agrees,
    failed: findings.filter(({ result }) => result === "failed").map(({ text }) => text),
    all: findings.map(({ text }) => text),
  };
}

describe("a draw that agrees", () => {
  for (const draw of vectors.draws) {
    test(`${draw.entries.length} entries, whatever the chunks in which the file arrives`, async () => {
      for (const chunk of [1, 7, 100_000]) assert.deepEqual((await verified(fileOf(draw), {}, chunk)).failed, []);
    });
  }

  test("reports the number of winners and, for an entry, its rank and its proof", async () => {
    const draw = drawn(40);
    const entry = draw.entries.find(({ number }) => number === draw.held[0]) as DrawLine;
    const { agrees, all } = await verified(fileOf(draw), { entryId: entry.entryId });
    assert.ok(agrees);
    assert.ok(all.some((text) => text.startsWith(`stock sufficed for ${draw.held.length} entries`)));
    assert.ok(all.some((text) => text.includes(`rank ${entry.rank} of 40; stock sufficed for it`)));
    assert.ok(all.some((text) => text.startsWith("its proof leads to entriesRoot")));
  });

  test("is also one that is not drawn yet, or whose entries are still taken", async () => {
    const draw = drawn(17);
    Object.assign(draw.header, { seed: null, drawnAt: null, stock: null });
    draw.entries = draw.entries.map((entry) => ({ ...entry, rank: null }));
    assert.deepEqual((await verified(fileOf(draw))).failed, []);
    Object.assign(draw.header, { entriesRoot: null, entryCount: null });
    draw.entries = [];
    assert.deepEqual((await verified(fileOf(draw))).failed, []);
  });
});

/** Each change of the file of forty entries, and the report of it. */
const TAMPERINGS: Record<string, { change: (draw: Draw) => void; expected?: Expected; failure: RegExp }> = {
  "another seed": {
    change: ({ header }) => void (header.seed = "00".repeat(32)),
    failure: /^commitment is/,
  },
  "another seed with its commitment": {
    change: ({ header }) =>
      void Object.assign(header, { seed: "00".repeat(32), commitment: "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925" }),
    failure: /^rank \d+ belongs to another entry/,
  },
  "another commitment than the noted one": {
    change: () => {},
    expected: { commitment: "ab".repeat(32) },
    failure: /not the given one/,
  },
  "another root than the noted one": { change: () => {}, expected: { entriesRoot: "ab".repeat(32) }, failure: /not the given one/ },
  "another public value": { change: ({ header }) => void (header.publicValue = "2,534.13"), failure: /^rank/ },
  "no public value although a source was announced": { change: ({ header }) => void (header.publicValue = null), failure: /without the announced/ },
  "a public value that was not announced": { change: ({ header }) => void (header.publicValueSource = null), failure: /not announced/ },
  "another root": { change: ({ header }) => void (header.entriesRoot = "00".repeat(32)), failure: /^entriesRoot is/ },
  "another drop": { change: ({ header }) => void (header.dropId = "01a1f8a8-188e-7001-826f-f4254ba20003"), failure: /^entriesRoot is/ },
  "an entry left out": { change: ({ entries }) => void entries.splice(20, 1), failure: /^39 entries, but entryCount is 40/ },
  "an entry left out of the count too": {
    change: ({ header, entries }) => {
      entries.splice(39, 1);
      header.entryCount = 39;
    },
    failure: /^entriesRoot is/,
  },
  "an entry added": { change: ({ entries }) => void entries.push({ ...(entries[39] as DrawLine), number: 1000 }), failure: /^41 entries/ },
  "an entry twice": { change: ({ entries }) => void entries.splice(20, 0, entries[20] as DrawLine), failure: /^number \d+ is not higher/ },
  "two entries exchanged": {
    change: ({ entries }) => void entries.splice(20, 2, entries[21] as DrawLine, entries[20] as DrawLine),
    failure: /^number/,
  },
  "another number": { change: ({ entries }) => void ((entries[39] as DrawLine).number += 1), failure: /^entriesRoot is/ },
  "another entry's id": {
    change: ({ entries }) => void ((entries[3] as DrawLine).entryId = "01a1f8a8-188e-7001-826f-f4254ba20003"),
    failure: /^entriesRoot/,
  },
  "another variant": {
    change: ({ entries }) => void ((entries[3] as DrawLine).variantId = (entries[4] as DrawLine).variantId),
    failure: /^entriesRoot/,
  },
  "another quantity": { change: ({ entries }) => void ((entries[3] as DrawLine).quantity += 1), failure: /^entriesRoot/ },
  "two ranks exchanged": {
    change: ({ entries }) => {
      const [a, b] = [entries[3] as DrawLine, entries[4] as DrawLine];
      [a.rank, b.rank] = [b.rank, a.rank];
    },
    failure: /^rank/,
  },
  "a rank that differs by 2³²": { change: ({ entries }) => void ((entries[3] as DrawLine).rank! += 2 ** 32), failure: /^rank/ },
  "a rank missing": { change: ({ entries }) => void ((entries[3] as DrawLine).rank = null), failure: /^rank/ },
  "ranks before the seed is published": { change: ({ header }) => void (header.seed = null), failure: /seed is not published/ },
  "drawn with a seed but without an instant": { change: ({ header }) => void (header.drawnAt = null), failure: /missing/ },
  "entries without a root": { change: ({ header }) => void (header.entriesRoot = null), failure: /has no entriesRoot/ },
  "an entry that is looked for and not there": {
    change: () => {},
    expected: { entryId: "01a1f8a8-188e-7001-826f-f4254ba20003" },
    failure: /not in the file/,
  },
};

describe("a file that was tampered with does not agree:", () => {
  for (const [name, { change, expected = {}, failure }] of Object.entries(TAMPERINGS)) {
    test(name, async () => {
      const draw = drawn(40);
      change(draw);
      const { agrees, failed } = await verified(fileOf(draw), expected);
      assert.equal(agrees, false);
      assert.ok(
        failed.some((text) => failure.test(text)),
        failed.join("\n"),
      );
    });
  }
});

describe("a file that is not one of a draw is refused by the line:", () => {
  const { header, entries } = drawn(40);
  const first = JSON.stringify(header);
  const files: Record<string, [string, RegExp]> = {
    "an empty file": ["", /^line 1 is not/],
    "another format": [JSON.stringify({ ...header, format: "jangnal-draw-2" }), /^line 1: "format"/],
    "an upper-case hash": [JSON.stringify({ ...header, seed: header.seed?.toUpperCase() }), /^line 1: "seed"/],
    "a stock that is no number": [JSON.stringify({ ...header, stock: { [header.dropId]: "1" } }), /^line 1: "stock"/],
    "an entry that is cut": [`${first}\n${drawLine(entries[0] as DrawLine).slice(0, 30)}`, /^line 2 is not a JSON object/],
    "an entry without a quantity": [`${first}\n${JSON.stringify({ ...entries[0], quantity: 0 })}`, /^line 2: "quantity"/],
    "a blank line": [`${first}\n\n`, /^line 2 is not/],
    "a line without an end": ["x".repeat(2 << 20), /longer than a MiB/],
  };
  for (const [name, [file, message]] of Object.entries(files)) {
    test(name, async () => {
      await assert.rejects(verified(file, {}, 1 << 20), (error: Error) => error instanceof NotADrawFile && message.test(error.message));
    });
  }

  test("text that is not UTF-8", async () => {
    const chunks = (async function* () {
      yield Buffer.from([0x7b, 0xff, 0x0a]);
    })();
    await assert.rejects(
      verifyDraw(linesOf(chunks), {}, () => {}),
      /not UTF-8/,
    );
  });
});

describe("docs/api/draws.md", () => {
  const page = readFileSync(new URL("../../../docs/api/draws.md", import.meta.url), "utf8");
  const { header, entries, held, proofs } = vectors.draws[0] as Draw & { proofs: { leaf: string; index: number; path: string[] }[] };

  test("shows the file of the worked example, and it agrees", async () => {
    const file = /```ndjson\n([^]*?)```/.exec(page)?.[1] ?? "";
    assert.equal(file, fileOf({ header, entries, held }));
    assert.deepEqual((await verified(file)).failed, []);
  });

  test("shows each entry's data, leaf, key, rank and result, and a proof", () => {
    const hash = (...parts: (string | Buffer)[]): string =>
      createHash("sha256")
        .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
        .digest("hex");
    const bytes = (hex: string | null): Buffer => Buffer.from(hex ?? "", "hex");
    const data = (/```text\n([^]*?)\n```/.exec(page)?.[1] ?? "").replaceAll("\\n", "\n");
    assert.equal(hash("\0", data), proofs[0]?.leaf);
    entries.forEach(({ number, quantity, rank }, i) => {
      const leaf = proofs[i]?.leaf ?? "";
      const key = hash(bytes(header.seed), header.publicValue ?? "", bytes(header.entriesRoot), bytes(leaf));
      assert.ok(page.includes(`| ${number} | \`${leaf}\` | \`${key}\` | ${rank} | ${quantity} | ${held.includes(number) ? "HELD" : "waits"} |`));
    });
    assert.deepEqual(JSON.parse(/```json\n([^]*?)```/.exec(page)?.[1] ?? ""), proofs[3]);
  });
});
