\set order random(1, :rows / 2)
DELETE FROM orders WHERE id = :order;
