// The till, its store and the idempotency keys.

import { type Mutation, mutation } from "../mutation.ts";

const TILL = "src/till/till.ts";
const STORE = "src/till/postgres-store.ts";
const QUEUE = "src/till/queue.ts";
const ROUND = "src/till/round.ts";
const UNIT_OF_WORK = "src/till/unit-of-work.ts";
const IDEMPOTENCY = "src/idempotency/idempotent-command.ts";
const TILL_TEST = "src/till/till.test.ts";
const STORE_TEST = "test/database/till-postgres.test.ts";
const KEYS_TEST = "test/api/idempotency.test.ts";

export const OF_THE_TILL: Mutation[] = [
  mutation("a refused command changes nothing", "src/till/decide.ts", "      uow.drop();\n", "", [TILL_TEST, "a refused command leaves nothing"]),
  mutation("a command finds only rows of its needs", UNIT_OF_WORK, "if (tray.asked.has(key)) return undefined;", "return undefined;", [
    "src/till/unit-of-work.test.ts",
    "throws where something is looked for",
  ]),
  mutation(
    "a command holds only its own needs",
    UNIT_OF_WORK,
    "return this.#ownRows.has(`${shelf.name} ${key}`);",
    "return this.#tables.get(table as Table<unknown>)?.asked.has(key) ?? false;",
    ["src/till/unit-of-work.test.ts", "tells a command of what it has asked for itself"],
  ),
  mutation(
    "a pipeline fails with its first error",
    "src/database/pipeline.ts",
    "if (error) reject(error);",
    'if (error) resolve([{ command: "COMMIT", rows: [] }] as never);',
    [STORE_TEST, "are all or nothing"],
  ),
  mutation("a response to COMMIT other than COMMIT is a failure", STORE, 'if (results.at(-1)?.command !== "COMMIT")', "if (results.length === 0)", [
    STORE_TEST,
    "that is answered with ROLLBACK",
  ]),
  mutation(
    "a statement's row count is checked",
    STORE,
    "shelf.save(changed).map(exactly)",
    "shelf.save(changed).map(({ name, text, values }) => ({ name, text, values }))",
    [STORE_TEST, "that touch another number of rows"],
  ),
  mutation(
    "a lost COMMIT is not reported as a failure",
    STORE,
    'throw new LostCommit("the connection broke while committing", { cause: error });',
    'throw new StoreUnavailable("the connection broke");',
    [STORE_TEST, "because its session was killed is lost, and abandoned"],
  ),
  mutation("the till resolves the outcome of a lost COMMIT", TILL, 'if ((await this.#outcome(roundId)) === "abandoned")', "if (true)", [
    TILL_TEST,
    "a round whose COMMIT was lost and done is answered once",
  ]),
  mutation("a lost COMMIT does not count as committed", TILL, 'if ((await this.#outcome(roundId)) === "abandoned") throw', "if (false) throw", [
    TILL_TEST,
    "one whose COMMIT was lost and not done is done again",
  ]),
  mutation(
    "resolving a round claims its id",
    STORE,
    '{ name: "claim round", text: CLAIM_ROUND, values: [roundId] }',
    '{ name: "claim round", text: "SELECT $1::uuid", values: [roundId] }',
    [STORE_TEST, "that is still being committed is waited for"],
  ),
  mutation(
    "a claimed round id differs from a committed one",
    STORE,
    "VALUES ($1, 'infinity') ON CONFLICT DO NOTHING",
    "VALUES ($1, now()) ON CONFLICT DO NOTHING",
    [STORE_TEST, "that was abandoned stays so"],
  ),
  mutation("a round writes its id", STORE, 'yield { name: "round", text: ROUND, values: [roundId] };', "", [
    STORE_TEST,
    "that was committed stays so",
  ]),
  mutation("a unique violation is a conflict", STORE, '"40P01", "40001", "23505"', '"40P01", "40001"', [
    STORE_TEST,
    "that another transaction has made first",
  ]),
  mutation("a deadlock is a conflict", STORE, '"40P01", "40001", "23505"', '"40001", "23505"', [
    STORE_TEST,
    "tries again when PostgreSQL resolves a deadlock",
  ]),
  mutation("a lock timeout is reported as such", STORE, 'if (code === "55P03")', "if (false)", [
    STORE_TEST,
    "that somebody holds too long are a LockTimeout",
  ]),
  mutation(
    "the till retries conflicts a bounded number of times",
    TILL,
    "error instanceof Conflict && tries < CONFLICT_TRIES",
    "error instanceof Conflict && tries < 1e9",
    [TILL_TEST, "a conflict is tried again, and not for ever"],
  ),
  mutation("a failing round is bisected", TILL, "else if (commands.length > 1) return this.#bisect(round, commands, error);", "", [
    TILL_TEST,
    "one bad command in a crowd fails alone",
  ]),
  mutation(
    "a failing listener does not fail its round",
    TILL,
    '    } catch (error) {\n      this.#fault("after the commit", error);\n    }',
    "    } catch (error) {\n      throw error;\n    }",
    [TILL_TEST, "a listener that breaks does not make a round be done twice"],
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
    'if (this.#waitsFor(other) && (await other.#firstTry.promise) === "stumbled") return false;',
    "if (this.#waitsFor(other)) await other.#firstTry.promise;",
    [TILL_TEST, "of three rounds that meet"],
  ),
  mutation("a round does not overtake a retrying round", ROUND, "    this.#retried = true;\n", "", [
    TILL_TEST,
    "nobody sets out behind a round that has to come again",
  ]),
  mutation(
    "the queue serves in the order of arrival",
    QUEUE,
    'else if (one.state === "preparing") break;',
    'else if (one.state === "preparing") continue;',
    [TILL_TEST, "who still prepares holds the place"],
  ),
  mutation("a command that waited too long is rejected", QUEUE, "if (one.arrivedAt <= notBefore || one.gone())", "if (one.gone())", [
    "src/till/queue.test.ts",
    "sends away who has come too long ago",
  ]),
  mutation(
    "a command of a disconnected client is dropped",
    QUEUE,
    "if (one.arrivedAt <= notBefore || one.gone())",
    "if (one.arrivedAt <= notBefore)",
    ["src/till/queue.test.ts", "sends away who has come too long ago"],
  ),
  mutation(
    "admission control rejects commands if the queue is too long",
    TILL,
    "return this.#admission.admits(expectedMs, this.#clock.elapsedMs(), this.#throughput.smallRoundMs) ? undefined : busy(expectedMs);",
    "return undefined;",
    [TILL_TEST, "who would have to wait too long is told at once"],
  ),
  mutation("the size of a round is bounded", QUEUE, "crowd.length >= most || weight > most * NEEDS_PER_COMMAND", "false", [
    TILL_TEST,
    "a round is limited by its commands",
  ]),
  mutation("the number of changed needs of a command is bounded", QUEUE, "again.filter((one) => one.turns < MOST_TURNS)", "again", [
    TILL_TEST,
    "a command whose needs change again and again",
  ]),
  mutation("a round writes referenced tables first", STORE, ".sort(([a], [b]) => rank(b.name) - rank(a.name))", "", [
    STORE_TEST,
    "writes what is referred to before",
  ]),

  // Idempotency
  mutation("an idempotency key is looked up", IDEMPOTENCY, "      if (kept) return kept;\n", "", [
    KEYS_TEST,
    "200, 201 and 204, and the effect happens once",
  ]),
  mutation(
    "the response of an idempotency key is stored",
    IDEMPOTENCY,
    "      uow.put(idempotencyRecords, id, { caller, key, fingerprint, ...rendered, attempt: null, createdAt: uow.now });\n",
    "",
    [KEYS_TEST, "200, 201 and 204, and the effect happens once"],
  ),
  mutation("an idempotency key belongs to one request", IDEMPOTENCY, "kept && kept.fingerprint !== fingerprint", "false", [
    KEYS_TEST,
    "another body or path under it is refused",
  ]),
  mutation(
    "an idempotency key belongs to its caller",
    IDEMPOTENCY,
    "const id = `${caller} ${key}`;\n  return {\n    name: command.name,",
    "const id = `anybody ${key}`;\n  return {\n    name: command.name,",
    [KEYS_TEST, "200, 201 and 204, and the effect happens once"],
  ),
  mutation(
    "a refusal that is not cacheable is not stored",
    IDEMPOTENCY,
    "if (!(error instanceof Refusal) || !isAnswer(error.code)) throw error;",
    "if (!(error instanceof Refusal)) throw error;",
    [KEYS_TEST, "what only the shop could tell to be of a wrong shape"],
  ),
  mutation(
    "a stored refusal leaves no other changes",
    IDEMPOTENCY,
    "        uow.drop(); // Refused: nothing of it remains but that it was refused.\n",
    "",
    ["test/api/idempotency-rules.test.ts", "a refusal that is kept is all that is kept"],
  ),
  mutation("an idempotency key has 1 to 255 visible ASCII characters", IDEMPOTENCY, "/^[\\x21-\\x7e]{1,255}$/.test(key)", "true", [
    KEYS_TEST,
    "a key is 1 to 255 visible ASCII characters",
  ]),
  mutation("ids in the path are part of the fingerprint", IDEMPOTENCY, "${canonical(params)} ", "", [
    KEYS_TEST,
    "another body or path under it is refused",
  ]),
  mutation("the body is part of the fingerprint", IDEMPOTENCY, " ${canonical(body)}`", "`", [KEYS_TEST, "another body or path under it is refused"]),
  mutation(
    "a request with an idempotency key bypasses the sold-out cache",
    "src/coupon/coupon.routes.ts",
    "keyed ? undefined : soldOut.refusal(",
    "soldOut.refusal(",
    [KEYS_TEST, "a sold-out coupon's too"],
  ),
  mutation(
    "two instances cannot store one idempotency key",
    "src/database/migrations/0001-shop.sql",
    "  PRIMARY KEY (caller, key)",
    "  CHECK (true)",
    ["test/database/idempotency-key-race.test.ts", "what locks nothing is done once"],
  ),
  mutation("pipelined requests run one after the other", "src/http/pipelining.ts", "if (line[0] === turn) done();", "done();", [
    "test/api/pipelining.test.ts",
    "each request sees what the one before it did",
  ]),
];
