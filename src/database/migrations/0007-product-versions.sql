-- Products carry a version: the number of operators' edits of them, or of their variants. The version before does not raise it.
ALTER TABLE products ADD COLUMN version integer NOT NULL DEFAULT 0;
