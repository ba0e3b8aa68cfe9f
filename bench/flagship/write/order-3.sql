\set account random(1, :rows)
INSERT INTO orders (account, amount) VALUES (:account, 1);
