\set id random(1, :rows)
UPDATE orders
SET status = CASE status WHEN 'open' THEN 'paid' WHEN 'paid' THEN 'sent' ELSE 'open' END
WHERE id = :id;
