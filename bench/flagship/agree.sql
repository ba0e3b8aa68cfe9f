-- What the migration must have left, one line for each thing that is wrong.
SELECT 'an account without its parent: ' || count(*) FROM accounts c
	WHERE parent IS NOT NULL AND NOT EXISTS (SELECT FROM accounts p WHERE p.id = c.parent) HAVING count(*) > 0;
SELECT 'an order without its account: ' || count(*) FROM orders o
	WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = o.account) HAVING count(*) > 0;
SELECT 'a note without its account: ' || count(*) FROM crm.notes n
	WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = n.account) HAVING count(*) > 0;
SELECT 'accounts that share a number: ' || count(*) - count(DISTINCT id) FROM accounts
	HAVING count(*) <> count(DISTINCT id);
SELECT 'the sequence is behind' FROM accounts_id_seq WHERE last_value < (SELECT max(id) FROM accounts);
SELECT 'left over: ' || attrelid::regclass || '.' || attname FROM pg_attribute WHERE attname LIKE '\_pgroll%';
SELECT 'left over: ' || conname FROM pg_constraint WHERE conname LIKE '\_pgroll%';
SELECT 'not as before: ' || line FROM (VALUES
	('accounts accounts_pkey PRIMARY KEY (id)'),
	('accounts accounts_parent_fkey FOREIGN KEY (parent) REFERENCES accounts(id)'),
	('orders orders_account_fkey FOREIGN KEY (account) REFERENCES accounts(id) ON UPDATE CASCADE'),
	('crm.notes notes_account_fkey FOREIGN KEY (account) REFERENCES accounts(id) ON DELETE CASCADE')) AS wanted (line)
	WHERE line NOT IN (SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
		FROM pg_constraint WHERE convalidated);
SELECT 'no replica identity' WHERE NOT EXISTS (SELECT FROM pg_index
	WHERE indexrelid = 'accounts_pkey'::regclass AND indisreplident);
SELECT 'no identity column of type bigint' WHERE NOT EXISTS (SELECT FROM pg_attribute
	WHERE attrelid = 'accounts'::regclass AND attname = 'id' AND attidentity = 'd' AND atttypid = 'bigint'::regtype);
