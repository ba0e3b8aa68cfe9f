\set id random(1, :rows)
SELECT a.name, p.name FROM accounts a LEFT JOIN accounts p ON p.id = a.parent WHERE a.id = :id;
