\set id random(1, :rows)
SELECT sum(amount) FROM orders WHERE account = :id;
