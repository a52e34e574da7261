-- The drop that a rehearsal copies, and its copy.
ALTER TABLE rehearsals ADD COLUMN source_drop_id uuid, ADD COLUMN drop_id uuid;
