// Connections that go silent, or lead to a server that is no longer the primary.

import { type Mutation, mutation } from "../mutation.ts";

const POOL = "test/database/pool.test.ts";
const SILENCE = "src/database/silence.ts";
const LISTENER = "src/database/listener.ts";

export const CONNECTIONS: Mutation[] = [
  mutation("a silent connection whose server is gone is closed", SILENCE, "!== server) close(client);", "!== server) continue;", [
    POOL,
    "a query that was sent into a silent connection fails",
  ]),
  mutation("a long query on a server that can be reached goes on", SILENCE, " && this.#known.get(client)?.server !== server)", ")", [
    POOL,
    "a long query on a server that can be reached",
  ]),
  mutation(
    "a silent connection is kept only if its server is still the primary",
    SILENCE,
    "?.server !== server)",
    "?.server === undefined || server === undefined)",
    [POOL, "a query on a server that is no longer the primary"],
  ),
  mutation(
    "a write on a demoted primary is unavailable",
    "src/problem.ts",
    "isConnectionError(error) || isReadOnly(error)",
    "isConnectionError(error)",
    [POOL, "a write on a primary that has become a standby"],
  ),
  mutation(
    "a listener asks whether its server is still there",
    LISTENER,
    "    this.#beat(client, lost);\n  }\n\n  async stop",
    "  }\n\n  async stop",
    ["test/database/listener.test.ts", "a listener whose connection is silent"],
  ),
  mutation(
    "further servers of NATS are no other sink",
    "src/outbox/sinks/open-sinks.ts",
    'for (const detail of ["servers", "replicas"])',
    "for (const detail of [])",
    ["test/database/sinks.test.ts", "a cluster of NATS that gets further servers"],
  ),
  mutation(
    "the witness of partitions compares the time of writing with the successor's first answer",
    "test/campaigns/partitions/witness.ts",
    "row.at > deposedAt(row.timeline)",
    "row.at > Number.POSITIVE_INFINITY",
    ["test/campaigns/partitions/witness.test.ts", "the witness finds an order that an old primary wrote"],
  ),
];
