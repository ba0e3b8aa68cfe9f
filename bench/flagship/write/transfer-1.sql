\set order random(1, :rows / 2)
\set account random(1, :rows)
UPDATE orders SET account = :account WHERE id = :order;
