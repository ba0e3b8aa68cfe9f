\set id random(1, :rows)
SELECT customer_name, price, status, placed FROM orders WHERE id = :id;
