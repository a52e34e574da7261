ALTER TABLE card_charges ADD COLUMN key_number integer NOT NULL DEFAULT 0;
