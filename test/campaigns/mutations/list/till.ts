// What the till, its store and the idempotency keys stand on.

import { type Mutation, mutation } from "../mutation.ts";

const TILL = "src/till/till.ts";
const EXECUTOR = "src/till/round-executor.ts";
const STORE = "src/till/postgres-store.ts";
const QUEUE = "src/till/queue.ts";
const ROUND = "src/till/round.ts";
const SET = "src/till/unit-of-work.ts";
const ONCE = "src/idempotency/idempotent-command.ts";
const KEY = "src/idempotency/request-key.ts";
const RECORDS = "src/idempotency/records.sql.ts";
const IN_MEMORY = "src/till/till.test.ts";
const EXECUTION = "src/till/round-executor.test.ts";
const OUTAGE = "src/till/unavailable-store.test.ts";
const OVERLOAD = "src/till/overload.test.ts";
const ON_POSTGRES = "test/database/till-postgres.test.ts";
const KEYS = "test/api/idempotency.test.ts";

export const OF_THE_TILL: Mutation[] = [
  mutation("that a refused command leaves no change", "src/till/decide.ts", "      uow.drop();\n", "", [
    EXECUTION,
    "a refused command leaves no change",
  ]),
  mutation("that what was not asked for is not found", SET, "if (state.requested.has(key)) return undefined;", "return undefined;", [
    "src/till/unit-of-work.test.ts",
    "throws for a row that is not needed",
  ]),
  mutation(
    "that a command holds only what it asked for itself",
    SET,
    "return this.#ownKeys.has(`${table.name} ${key}`);",
    "return this.#tables.get(table as Table<unknown>)?.requested.has(key) ?? false;",
    ["src/till/unit-of-work.test.ts", "holds only the needs of the current command"],
  ),
  mutation(
    "that a flight fails with its first error",
    "src/database/pipeline.ts",
    "if (error) reject(error);",
    'if (error) resolve([{ command: "COMMIT", rows: [] }] as never);',
    [ON_POSTGRES, "the writes of a round are all or nothing"],
  ),
  mutation("that the answer to COMMIT says COMMIT", STORE, 'if (results.at(-1)?.command !== "COMMIT")', "if (results.length === 0)", [
    ON_POSTGRES,
    "that is answered with ROLLBACK",
  ]),
  mutation(
    "that rows are counted",
    STORE,
    "table.save(changed).map(checkingRows)",
    "table.save(changed).map(({ name, text, values }) => ({ name, text, values }))",
    [ON_POSTGRES, "writes that touch another number of rows"],
  ),
  mutation(
    "that a lost COMMIT is not a failure",
    STORE,
    'throw new LostCommit("the connection broke while committing", { cause: error });',
    'throw new StoreUnavailable("the connection broke");',
    [ON_POSTGRES, "a round whose session was killed is a LostCommit"],
  ),
  mutation("that a lost COMMIT is asked about", EXECUTOR, 'if ((await this.#outcome(roundId)) === "abandoned")', "if (true)", [
    OUTAGE,
    "a round whose COMMIT was lost but succeeded is answered once",
  ]),
  mutation("that a lost COMMIT is not taken for granted", EXECUTOR, 'if ((await this.#outcome(roundId)) === "abandoned") throw', "if (false) throw", [
    OUTAGE,
    "a round whose COMMIT was lost and failed is executed again",
  ]),
  mutation(
    "that a round's id is claimed, not looked for",
    STORE,
    '{ name: "claim round", text: CLAIM_ROUND, values: [roundId] }',
    '{ name: "claim round", text: "SELECT $1::uuid", values: [roundId] }',
    [ON_POSTGRES, "the outcome of a round waits for a COMMIT in progress"],
  ),
  mutation("that a claim says whose it is", STORE, "VALUES ($1, 'infinity') ON CONFLICT DO NOTHING", "VALUES ($1, now()) ON CONFLICT DO NOTHING", [
    ON_POSTGRES,
    "a round that was abandoned stays abandoned",
  ]),
  mutation("that a round leaves its id", STORE, 'yield { name: "round", text: ROUND, values: [roundId] };', "", [
    ON_POSTGRES,
    "a round that was committed stays committed",
  ]),
  mutation("that what another made first is a conflict", STORE, '"40P01", "40001", "23505"', '"40P01", "40001"', [
    ON_POSTGRES,
    "a row that another transaction has inserted first",
  ]),
  mutation("that a deadlock is a conflict", STORE, '"40P01", "40001", "23505"', '"40001", "23505"', [
    ON_POSTGRES,
    "a round is retried when PostgreSQL ends it to resolve a deadlock",
  ]),
  mutation("that a held row is a timeout", STORE, 'if (code === "55P03")', "if (false)", [
    ON_POSTGRES,
    "a lock that is held too long is a LockTimeout",
  ]),
  mutation("that conflicts end", EXECUTOR, "error instanceof Conflict && tries < MAX_CONFLICTS", "error instanceof Conflict && tries < 1e9", [
    EXECUTION,
    "a conflict is retried a limited number of times",
  ]),
  mutation("that one bad command hurts nobody else", EXECUTOR, "else if (commands.length > 1) return this.#bisect(round, commands, error);", "", [
    EXECUTION,
    "one bad command in a round fails alone",
  ]),
  mutation(
    "that a listener's fault is not the round's",
    EXECUTOR,
    '    } catch (error) {\n      this.#fault("after the commit", error);\n    }',
    "    } catch (error) {\n      throw error;\n    }",
    [EXECUTION, "a listener that throws does not make a round execute twice"],
  ),
  mutation("that nobody is overtaken", TILL, "for (const round of this.#running) if (!round.holdsLocks) return false;", "", [IN_MEMORY, "round"]),
  mutation(
    "that a round waits for those ahead that it meets",
    ROUND,
    'if (this.#waitsFor(other) && (await other.#firstTry.promise) === "retried") return false;',
    "if (this.#waitsFor(other)) await other.#firstTry.promise;",
    [IN_MEMORY, "of three conflicting rounds"],
  ),
  mutation("that a round which comes again is not passed", ROUND, "    this.#retried = true;\n", "", [
    IN_MEMORY,
    "no round starts behind one that has to retry",
  ]),
  mutation("the order of the line", QUEUE, 'else if (queued.state === "preparing") break;', 'else if (queued.state === "preparing") continue;', [
    IN_MEMORY,
    "a preparing command keeps its place",
  ]),
  mutation("that who has waited too long is not served", QUEUE, "if (queued.arrivedAt <= notBefore || queued.gone())", "if (queued.gone())", [
    "src/till/queue.test.ts",
    "rejects commands that have waited too long",
  ]),
  mutation("that who has gone is not served", QUEUE, "if (queued.arrivedAt <= notBefore || queued.gone())", "if (queued.arrivedAt <= notBefore)", [
    "src/till/queue.test.ts",
    "rejects commands that have waited too long",
  ]),
  mutation(
    "that a line which is too long is closed",
    TILL,
    "return this.#admission.admits(expectedMs, this.#clock.elapsedMs(), this.#throughput.smallRoundMs) ? undefined : busy(expectedMs);",
    "return undefined;",
    [OVERLOAD, "a command that would wait too long is BUSY at once"],
  ),
  mutation("how much there is in a round", QUEUE, "batch.length >= most || weight > most * NEEDS_PER_COMMAND", "false", [
    IN_MEMORY,
    "a round is limited by its commands",
  ]),
  mutation("how often needs may change", QUEUE, "commands.filter((queued) => queued.requeues < MAX_REQUEUES)", "commands", [
    OVERLOAD,
    "a command whose needs change again and again",
  ]),
  mutation("that a round is sent in an order", STORE, ".sort(([a], [b]) => rank(b.name) - rank(a.name))", "", [
    ON_POSTGRES,
    "a round writes referenced rows before",
  ]),

  // Idempotency
  mutation("that a key is looked up", ONCE, "      if (stored) return stored;\n", "", [KEYS, "repeats of 200, 201 and 204 responses are replayed"]),
  mutation(
    "that a key's answer is kept",
    ONCE,
    "      uow.put(idempotencyRecords, recordKey(key), { ...key, ...response, attempt: null, createdAt: uow.now });\n",
    "",
    [KEYS, "repeats of 200, 201 and 204 responses are replayed"],
  ),
  mutation("that a key is for one request", ONCE, "record && record.fingerprint !== key.fingerprint", "false", [
    KEYS,
    "a key with another body or path is refused",
  ]),
  mutation("that a key is its caller's", RECORDS, "return `${caller} ${key}`;", "return `${caller.slice(0, 0)} ${key}`;", [
    KEYS,
    "repeats of 200, 201 and 204 responses are replayed",
  ]),
  mutation(
    "that what never reached the rules is not kept",
    ONCE,
    "if (!(error instanceof Refusal) || !isAnswer(error.code)) throw error;",
    "if (!(error instanceof Refusal)) throw error;",
    [KEYS, "an INVALID_REQUEST that needs the database"],
  ),
  mutation("that a refusal under a key leaves nothing else", ONCE, "    uow.drop(); // Of a refused command only the refusal is stored.\n", "", [
    "test/api/idempotency-rules.test.ts",
    "a stored refusal discards all other changes",
  ]),
  mutation("what a key looks like", KEY, "/^[\\x21-\\x7e]{1,255}$/.test(key)", "true", [KEYS, "an idempotency key has 1 to 255 visible"]),
  mutation("that ids in the path count for a key", KEY, "${canonical(params)} ", "", [KEYS, "a key with another body or path is refused"]),
  mutation("that the body counts for a key", KEY, " ${canonical(body)}`", "`", [KEYS, "a key with another body or path is refused"]),
  mutation(
    "that keyed requests are not refused from memory",
    "src/coupon/coupon.routes.ts",
    "keyed ? undefined : soldOut.refusal(",
    "soldOut.refusal(",
    [KEYS, "a sold-out refusal is stored and replayed"],
  ),
  mutation(
    "the keys' primary key, seen from two instances",
    "src/database/migrations/0001-shop.sql",
    "  PRIMARY KEY (caller, key)",
    "  CHECK (true)",
    ["test/database/idempotency-key-race.test.ts", "a command without row locks runs once under one key"],
  ),
  mutation("that pipelined requests take turns", "src/http/pipelining.ts", "if (turns[0] === turn) done();", "done();", [
    "test/api/pipelining.test.ts",
    "each pipelined request sees the effect",
  ]),
];
