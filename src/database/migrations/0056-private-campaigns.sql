-- Operators' campaigns. A PRIVATE one is issued by operators only, and only they see it.
ALTER TABLE campaigns
  ADD COLUMN visibility text NOT NULL DEFAULT 'PUBLIC' CHECK (visibility IN ('PUBLIC', 'PRIVATE')),
  ADD COLUMN metadata   jsonb;
