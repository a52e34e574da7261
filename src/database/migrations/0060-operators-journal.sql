-- The operators' journal: one entry for each change by an operator. `content` is the entry as JSON,
-- and `hash` covers the hash before it and the content. The other columns are read from the content,
-- so that they cannot differ from it.
CREATE TABLE journal_entries (
  seq       bigint PRIMARY KEY,
  content   text NOT NULL,
  hash      text NOT NULL,
  at        text COLLATE "C" GENERATED ALWAYS AS (content::jsonb ->> 'at') STORED,
  actor     text GENERATED ALWAYS AS (content::jsonb ->> 'actor') STORED,
  operation text GENERATED ALWAYS AS (content::jsonb ->> 'operation') STORED,
  subjects  jsonb GENERATED ALWAYS AS (jsonb_path_query_array(content::jsonb, '$.subjects[*].id')) STORED
);
CREATE INDEX journal_entries_by_time ON journal_entries (at);
CREATE INDEX journal_entries_by_actor ON journal_entries (actor, seq);
CREATE INDEX journal_entries_by_operation ON journal_entries (operation, seq);
CREATE INDEX journal_entries_by_subject ON journal_entries USING gin (subjects);

-- `head` is the last entry: rounds that add entries lock it, so the chain has one order. `anchor` is
-- the last entry that was deleted because its retention had ended: the chain begins behind it.
CREATE TABLE journal_ends (
  name text PRIMARY KEY,
  seq  bigint NOT NULL,
  hash text NOT NULL
);
INSERT INTO journal_ends VALUES ('head', 0, repeat('0', 64)), ('anchor', 0, repeat('0', 64));

-- Work of operators outside of the till that is running, such as a job: its entry is written when it
-- ends. If it never ends, a job writes the entry.
CREATE TABLE journal_work (
  id         uuid PRIMARY KEY,
  entry      jsonb NOT NULL,
  started_at timestamptz NOT NULL
);
