-- The standard names of two tables, for reports. The tables keep their old names while instances of
-- the version before may be running (docs/operating/upgrade.md).
CREATE VIEW delivery_retries AS SELECT * FROM letters;
CREATE VIEW unmatched_captures AS SELECT * FROM stray_money;
