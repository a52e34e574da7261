// The operators' journal.

import { type Mutation, mutation } from "../mutation.ts";

const JOURNALED = "src/journal/journaled.ts";
const SQL = "src/journal/journal.sql.ts";
const ENTRIES = "test/api/operator-journal.test.ts";

export const JOURNAL: Mutation[] = [
  mutation("an operator's change leaves an entry", JOURNALED, "      appendEntry(uow, entry, outcomeOf(answer, input, status));\n", "", [
    ENTRIES,
    "createUsers by an operator leaves one entry",
  ]),
  mutation("a repeat leaves no entry", "src/idempotency/idempotent-command.ts", "return replayed ? null :", "return", [
    ENTRIES,
    "createUsers by an operator leaves one entry",
  ]),
  mutation("a refused attempt leaves an entry", "src/http/route.ts", "writes ? this.#journal.draftOf(definition, request) : undefined", "undefined", [
    ENTRIES,
    "without the permission leaves an entry",
  ]),
  mutation("work leaves one entry, whoever writes it", JOURNALED, "    if (work === undefined || work.isOver) return;\n", "", [
    "test/api/operator-journal-races.test.ts",
    "whose process died leaves one entry",
  ]),
  mutation("an operator who leaves does not take the entry along", JOURNALED, "isDone = entry.workId !== undefined;", "isDone = false;", [
    "test/api/operator-journal-races.test.ts",
    "also if the operator has disconnected",
  ]),
  mutation("the end of the journal is locked", SQL, "WHERE name = 'head' FOR NO KEY UPDATE", "WHERE name = 'head'", [
    "test/database/row-locks.test.ts",
    "the end of the operators' journal that another transaction holds",
  ]),
  mutation("old entries leave an anchor", SQL, "WHERE a.name = 'anchor'", "WHERE a.name = ''", [
    "test/database/journal-chain.test.ts",
    "entries older than JOURNAL_KEEP are deleted",
  ]),
  mutation("free text about people is withheld", "src/journal/input.ts", "schemas.every((schema)", "schemas.some((schema)", [
    "src/journal/input.test.ts",
    "text is withheld if one alternative",
  ]),
];
