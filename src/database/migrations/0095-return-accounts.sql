-- The account to which the deposit of a returned order goes back, from its buyer, until the return has ended.
ALTER TABLE returns ADD COLUMN receive_account jsonb;
