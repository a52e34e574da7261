// The till, its store and the idempotency keys.

import { type Mutation, mutation } from "../mutation.ts";

const TILL = "src/till/till.ts";
const EXECUTOR = "src/till/round-executor.ts";
const STORE = "src/till/postgres-store.ts";
const QUEUE = "src/till/queue.ts";
const ROUND = "src/till/round.ts";
const UNIT_OF_WORK = "src/till/unit-of-work.ts";
const IDEMPOTENCY = "src/idempotency/idempotent-command.ts";
const KEY = "src/idempotency/request-key.ts";
const RECORDS = "src/idempotency/records.sql.ts";
const TILL_TEST = "src/till/till.test.ts";
const EXECUTION = "src/till/round-executor.test.ts";
const OUTAGE = "src/till/unavailable-store.test.ts";
const OVERLOAD = "src/till/overload.test.ts";
const STORE_TEST = "test/database/till-postgres.test.ts";
const LINK_TEST = "src/till/link/link.test.ts";
const KEYS_TEST = "test/api/idempotency.test.ts";

export const OF_THE_TILL: Mutation[] = [
  mutation("a round starts once all that has arrived is read", TILL, "      this.#startSoon();", "      this.#startRounds();", [
    TILL_TEST,
    "commands that arrive together share a round",
  ]),
  mutation(
    "a command whose caller or worker has gone is not decided",
    "src/till/link/till-server.ts",
    "caller.gone || peer.socket.destroyed",
    "false",
    [LINK_TEST, "the till learns that a caller has gone, and that a worker has died"],
  ),
  mutation("workers are told of new events", "src/till/link/till-server.ts", "send(socket, { events: true })", "void socket", [
    LINK_TEST,
    "all workers are told once of the events of several rounds",
  ]),
  mutation("a worker without a till refuses at once", "src/till/link/remote-till.ts", "    if (!this.#isUp) return unavailable();\n", "", [
    LINK_TEST,
    "a worker without a till refuses at once",
  ]),
  mutation(
    "a worker does not send commands to an overloaded till",
    "src/till/link/remote-till.ts",
    "return this.#admission.admits(waits, now, smallRoundMs) ?",
    "return true ?",
    [LINK_TEST, "a worker refuses by the load that the till reported, until that load would be gone"],
  ),
  mutation("a refused command changes nothing", "src/till/decide.ts", "      uow.drop();\n", "", [EXECUTION, "a refused command leaves no change"]),
  mutation("a command finds only rows of its needs", UNIT_OF_WORK, "row !== undefined || this.#requests(table, key)", "true", [
    "src/till/unit-of-work.test.ts",
    "throws for a row that is not needed",
  ]),
  mutation(
    "a command holds only its own needs",
    UNIT_OF_WORK,
    "return this.#ownKeys.has(`${table.name} ${key}`);",
    "return this.#requests(table as Table<unknown>, key);",
    ["src/till/unit-of-work.test.ts", "holds only the needs of the current command"],
  ),
  mutation("a text that is no UUID does not become an id", "src/database/binary-arrays.ts", "(bits & ~15) !== 0", "false", [
    "test/database/binary-arrays.test.ts",
    "a text that is no UUID is not sent as one",
  ]),
  mutation(
    "a pipeline fails with its first error",
    "src/database/pipeline.ts",
    "if (error) reject(error);",
    'if (error) resolve([{ command: "COMMIT", rows: [] }] as never);',
    [STORE_TEST, "the writes of a round are all or nothing"],
  ),
  mutation("a response to COMMIT other than COMMIT is a failure", STORE, 'if (results.at(-1)?.command !== "COMMIT")', "if (results.length === 0)", [
    STORE_TEST,
    "that is answered with ROLLBACK",
  ]),
  mutation(
    "a statement's row count is checked",
    STORE,
    "table.save(changed).map(checkingRows)",
    "table.save(changed).map(({ name, text, values }) => ({ name, text, values }))",
    [STORE_TEST, "writes that touch another number of rows"],
  ),
  mutation(
    "a lost COMMIT is not reported as a failure",
    STORE,
    'throw new LostCommit("the connection broke while committing", { cause: error });',
    'throw new StoreUnavailable("the connection broke");',
    [STORE_TEST, "a round whose session was killed is a LostCommit"],
  ),
  mutation("the till resolves the outcome of a lost COMMIT", EXECUTOR, 'if ((await this.#outcome(roundId)) === "abandoned")', "if (true)", [
    OUTAGE,
    "a round whose COMMIT was lost but succeeded is answered once",
  ]),
  mutation("a lost COMMIT does not count as committed", EXECUTOR, 'if ((await this.#outcome(roundId)) === "abandoned") throw', "if (false) throw", [
    OUTAGE,
    "a round whose COMMIT was lost and failed is executed again",
  ]),
  mutation(
    "resolving a round claims its id",
    STORE,
    '{ name: "claim round", text: CLAIM_ROUND, values: [roundId] }',
    '{ name: "claim round", text: "SELECT $1::uuid", values: [roundId] }',
    [STORE_TEST, "the outcome of a round waits for a COMMIT in progress"],
  ),
  mutation(
    "a claimed round id differs from a committed one",
    STORE,
    "VALUES ($1, 'infinity') ON CONFLICT DO NOTHING",
    "VALUES ($1, now()) ON CONFLICT DO NOTHING",
    [STORE_TEST, "a round that was abandoned stays abandoned"],
  ),
  mutation("a round writes its id", STORE, 'yield { name: "round", text: ROUND, values: [roundId] };', "", [
    STORE_TEST,
    "a round that was committed stays committed",
  ]),
  mutation("a unique violation is a conflict", STORE, '"40P01", "40001", "23505"', '"40P01", "40001"', [
    STORE_TEST,
    "a row that another transaction has inserted first",
  ]),
  mutation("a deadlock is a conflict", STORE, '"40P01", "40001", "23505"', '"40001", "23505"', [
    STORE_TEST,
    "a round is retried when PostgreSQL ends it to resolve a deadlock",
  ]),
  mutation("a lock timeout is reported as such", STORE, 'if (code === "55P03")', "if (false)", [
    STORE_TEST,
    "a lock that is held too long is a LockTimeout",
  ]),
  mutation(
    "the till retries conflicts a bounded number of times",
    EXECUTOR,
    "error instanceof Conflict && tries < MAX_CONFLICTS",
    "error instanceof Conflict && tries < 1e9",
    [EXECUTION, "a conflict is retried a limited number of times"],
  ),
  mutation("a failing round is bisected", EXECUTOR, "else if (commands.length > 1) return this.#bisect(round, commands, error);", "", [
    EXECUTION,
    "one bad command in a round fails alone",
  ]),
  mutation(
    "a failing listener does not fail its round",
    EXECUTOR,
    '    } catch (error) {\n      this.#fault("after the commit", error);\n    }',
    "    } catch (error) {\n      throw error;\n    }",
    [EXECUTION, "a listener that throws does not make a round execute twice"],
  ),
  mutation(
    "a round does not overtake a running round without locks",
    TILL,
    "for (const round of this.#running) if (!round.holdsLocks) return false;",
    "",
    [TILL_TEST, "round"],
  ),
  mutation(
    "a round waits for conflicting rounds ahead",
    ROUND,
    'if (this.#waitsFor(other) && (await other.#firstTry.promise) === "retried") return false;',
    "if (this.#waitsFor(other)) await other.#firstTry.promise;",
    [TILL_TEST, "of three conflicting rounds"],
  ),
  mutation("a round does not overtake a retrying round", ROUND, "    this.#retried = true;\n", "", [
    TILL_TEST,
    "no round starts behind one that has to retry",
  ]),
  mutation(
    "the queue serves in the order of arrival",
    QUEUE,
    'else if (queued.state === "preparing") break;',
    'else if (queued.state === "preparing") continue;',
    [TILL_TEST, "a preparing command keeps its place"],
  ),
  mutation("a command that waited too long is rejected", QUEUE, "if (queued.arrivedAt <= notBefore || queued.gone())", "if (queued.gone())", [
    "src/till/queue.test.ts",
    "rejects commands that have waited too long",
  ]),
  mutation(
    "a command of a disconnected client is dropped",
    QUEUE,
    "if (queued.arrivedAt <= notBefore || queued.gone())",
    "if (queued.arrivedAt <= notBefore)",
    ["src/till/queue.test.ts", "rejects commands that have waited too long"],
  ),
  mutation(
    "admission control rejects commands if the queue is too long",
    TILL,
    "return this.#admission.admits(expectedMs, this.#clock.elapsedMs(), this.#throughput.smallRoundMs) ? undefined : busy(expectedMs);",
    "return undefined;",
    [OVERLOAD, "a command that would wait too long is BUSY at once"],
  ),
  mutation("the size of a round is bounded", QUEUE, "batch.length >= most || weight > most * NEEDS_PER_COMMAND", "false", [
    TILL_TEST,
    "a round is limited by its commands",
  ]),
  mutation("the number of changed needs of a command is bounded", QUEUE, "commands.filter((queued) => queued.requeues < MAX_REQUEUES)", "commands", [
    OVERLOAD,
    "a command whose needs change again and again",
  ]),
  mutation("a round writes referenced tables first", STORE, ".sort(([a], [b]) => rank(b.name) - rank(a.name))", "", [
    STORE_TEST,
    "a round writes referenced rows before",
  ]),

  // Idempotency
  mutation("an idempotency key is looked up", IDEMPOTENCY, "      if (stored) return stored;\n", "", [
    KEYS_TEST,
    "repeats of 200, 201 and 204 responses are replayed",
  ]),
  mutation(
    "the response of an idempotency key is stored",
    IDEMPOTENCY,
    "      uow.put(idempotencyRecords, recordKey(key), { ...key, ...response, attempt: null, createdAt: uow.now });\n",
    "",
    [KEYS_TEST, "repeats of 200, 201 and 204 responses are replayed"],
  ),
  mutation("an idempotency key belongs to one request", IDEMPOTENCY, "record && record.fingerprint !== key.fingerprint", "false", [
    KEYS_TEST,
    "a key with another body or path is refused",
  ]),
  mutation("an idempotency key belongs to its caller", RECORDS, "return `${caller} ${key}`;", "return `${caller.slice(0, 0)} ${key}`;", [
    KEYS_TEST,
    "repeats of 200, 201 and 204 responses are replayed",
  ]),
  mutation(
    "a refusal that is not cacheable is not stored",
    IDEMPOTENCY,
    "if (!(error instanceof Refusal) || !isAnswer(error.code)) throw error;",
    "if (!(error instanceof Refusal)) throw error;",
    [KEYS_TEST, "an INVALID_REQUEST that needs the database"],
  ),
  mutation("a stored refusal leaves no other changes", IDEMPOTENCY, "    uow.drop(); // Of a refused command only the refusal is stored.\n", "", [
    "test/api/idempotency-rules.test.ts",
    "a stored refusal discards all other changes",
  ]),
  mutation("an idempotency key has 1 to 255 visible ASCII characters", KEY, "/^[\\x21-\\x7e]{1,255}$/.test(key)", "true", [
    KEYS_TEST,
    "an idempotency key has 1 to 255 visible",
  ]),
  mutation("ids in the path are part of the fingerprint", KEY, "${canonical(params)} ", "", [
    KEYS_TEST,
    "a key with another body or path is refused",
  ]),
  mutation("the body is part of the fingerprint", KEY, " ${canonical(body)}`", "`", [KEYS_TEST, "a key with another body or path is refused"]),
  mutation(
    "a request with an idempotency key bypasses the sold-out cache",
    "src/coupon/coupon.routes.ts",
    "keyed ? undefined : soldOut.refusal(",
    "soldOut.refusal(",
    [KEYS_TEST, "a sold-out refusal is stored and replayed"],
  ),
  mutation(
    "two instances cannot store one idempotency key",
    "src/database/migrations/0001-shop.sql",
    "  PRIMARY KEY (caller, key)",
    "  CHECK (true)",
    ["test/database/idempotency-key-race.test.ts", "a command without row locks runs once under one key"],
  ),
  mutation("pipelined requests run one after the other", "src/http/pipelining.ts", 'else response.once("socket", begin);', "else begin();", [
    "test/api/pipelining.test.ts",
    "each pipelined request sees the effect",
  ]),
  mutation(
    "an instance that reads nothing from the cache keeps few names of changes",
    "src/cache/redis-cache.ts",
    "    if (state.changes.size > MAX_CHANGES) state.changes = new Set([randomUUID()]);\n",
    "",
    ["src/cache/redis-cache.test.ts", "an instance that reads nothing from the cache keeps few names of changes"],
  ),
  mutation(
    "a refusal for want of stock names the units that are free",
    "src/catalog/stock.ts",
    "requested: quantity, available: variant.stock }",
    "requested: quantity, available: variant.stock + 1 }",
    ["test/campaigns/checker/judge-history.test.ts", "the history of a shop is linearizable"],
  ),
];
