-- Rehearsals of a drop, with copies of its product and its coupon. Lists exclude the copies by
-- these rows, so that no shopper sees one. `beat_at` is renewed while a rehearsal runs. If it is
-- old, the rehearsal's instance has crashed.

CREATE TABLE rehearsals (
  id                uuid PRIMARY KEY,
  state             text NOT NULL CHECK (state IN ('PREPARING', 'RUNNING', 'TIDYING', 'AUDITING', 'DONE', 'STOPPED', 'FAILED', 'ABANDONED')),
  plan              jsonb NOT NULL,
  source_product_id uuid,
  source_coupon_id  uuid,
  product_id        uuid UNIQUE,
  coupon_id         uuid UNIQUE,
  progress          jsonb,
  report            jsonb,
  failure           text,
  stop_asked        boolean NOT NULL DEFAULT false,
  tidied            boolean NOT NULL DEFAULT false,
  beat_at           timestamptz NOT NULL DEFAULT now(),
  created_at        timestamptz NOT NULL,
  finished_at       timestamptz
);
-- One rehearsal at a time, over all instances.
CREATE UNIQUE INDEX rehearsals_under_way ON rehearsals ((finished_at IS NULL)) WHERE finished_at IS NULL;
CREATE INDEX rehearsals_untidied ON rehearsals (id) WHERE NOT tidied;
