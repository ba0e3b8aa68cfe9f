\set parent random(1, :rows)
WITH opened AS (INSERT INTO accounts (parent, name) VALUES (:parent, 'new') RETURNING id)
INSERT INTO orders (account, amount) SELECT id, 1 FROM opened;
