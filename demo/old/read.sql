\set id random(1, :rows)
SELECT customer, price, state, placed FROM orders WHERE id = :id;
