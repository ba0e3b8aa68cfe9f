\set id random(1, :rows)
UPDATE orders SET state = (state + 1) % 3 WHERE id = :id;
