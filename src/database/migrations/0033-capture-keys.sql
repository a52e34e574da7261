ALTER TABLE stray_money ADD COLUMN key_number integer NOT NULL DEFAULT 0;
