\set id random(1, :rows)
\set cents random(1, 100000)
UPDATE orders SET price = :cents WHERE id = :id;
