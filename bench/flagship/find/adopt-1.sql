\set id random(1, :rows)
\set parent random(1, :rows)
UPDATE accounts SET parent = :parent WHERE id = :id;
