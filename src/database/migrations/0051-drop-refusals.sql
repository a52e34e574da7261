-- How many requests a drop has refused, by code. Instances add their counts every other second.
CREATE TABLE drop_refusals (
  drop_id uuid NOT NULL,
  code    text NOT NULL,
  count   bigint NOT NULL CHECK (count > 0),
  PRIMARY KEY (drop_id, code)
);
