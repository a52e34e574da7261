"""Writes draw.json: vectors for the draw, computed independently of src/drop/draw.

It follows docs/api/draws.md and RFC 9162 recursively, as their text does. Run: python3 draw.py > draw.json
"""

import hashlib
import json
import uuid


def h(data):
    return hashlib.sha256(data).digest()


def mth(leaves):
    if not leaves:
        return h(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return h(b"\x01" + mth(leaves[:k]) + mth(leaves[k:]))


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [mth(leaves[k:])]
    return path(m - k, leaves[k:]) + [mth(leaves[:k])]


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def leaf(drop, e):
    data = "\n".join(["jangnal-draw-1", drop, str(e["number"]), e["entryId"], e["variantId"], str(e["quantity"])])
    return h(b"\x00" + data.encode())


def made(name):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def draw(name, count, variants, public, stock):
    drop = made(name)
    seed = h(name.encode())
    entries = [
        {
            "number": 2 * i + 1 + (i % 3),
            "entryId": made(f"{name} {i}"),
            "variantId": made(f"{name} variant {i % variants}"),
            "quantity": 1 + (i * 7) % 3,
        }
        for i in range(count)
    ]
    entries.sort(key=lambda e: e["number"])
    for i, e in enumerate(entries):
        e["number"] = e["number"] if i == 0 else max(e["number"], entries[i - 1]["number"] + 1)
    leaves = [leaf(drop, e) for e in entries]
    root = mth(leaves)
    keys = [int.from_bytes(h(seed + (public or "").encode() + root + l), "big") for l in leaves]
    order = sorted(range(count), key=lambda i: (keys[i], entries[i]["number"]))
    left = {made(f"{name} variant {v}"): units for v, units in enumerate(stock)}
    shown = dict(left)
    held = []
    for i in order:
        e = entries[i]
        if e["quantity"] <= left[e["variantId"]]:
            left[e["variantId"]] -= e["quantity"]
            held.append(e["number"])
    for rank, i in enumerate(order):
        entries[i]["rank"] = rank + 1
    return {
        "header": {
            "format": "jangnal-draw-1",
            "dropId": drop,
            "commitment": h(seed).hex(),
            "publicValueSource": None if public is None else "KOSPI close of the day",
            "publicValue": public,
            "seed": seed.hex(),
            "entriesRoot": root.hex(),
            "entryCount": count,
            "drawnAt": "2026-11-29T12:00:00.000Z",
            "stock": shown,
        },
        "entries": entries,
        "held": held,
        "proofs": [
            {"leaf": leaves[i].hex(), "index": i, "path": [p.hex() for p in path(i, leaves)]} for i in range(count)
        ],
    }


trees = []
for n in range(18):
    leaves = [h(bytes([0, i])) for i in range(n)]
    trees.append(
        {"leaves": [l.hex() for l in leaves], "root": mth(leaves).hex(), "paths": [[p.hex() for p in path(i, leaves)] for i in range(n)]}
    )

print(
    json.dumps(
        {
            "trees": trees,
            "draws": [
                draw("example", 5, 1, "2534.12", [4]),
                draw("nobody", 0, 1, None, [3]),
                draw("single", 1, 1, None, [5]),
                draw("two variants, a public value in Korean", 40, 2, "코스피 2,534.12", [11, 7]),
                draw("nothing left", 17, 3, None, [0, 1, 100]),
            ],
        },
        indent=1,
        ensure_ascii=False,
    )
)
