-- Do both versions show the same orders?  The rule of up is applied to what the old
-- version shows, the rule of down to what the new one shows; no row may differ,
-- and none may be in one of them only.
SELECT count(*) AS rows_compared,
	count(*) FILTER (WHERE o.id IS NULL OR n.id IS NULL
		OR (n.customer_name, n.price, n.status, n.placed) IS DISTINCT FROM
			(o.customer, o.price / 100.0,
			CASE o.state WHEN 0 THEN 'open' WHEN 1 THEN 'paid' ELSE 'sent' END,
			o.placed)
		OR (o.price, o.state) IS DISTINCT FROM
			((n.price * 100)::integer,
			CASE n.status WHEN 'open' THEN 0 WHEN 'paid' THEN 1 ELSE 2 END)) AS rows_that_differ
FROM public_01_cents.orders o
	FULL JOIN public_02_euros.orders n USING (id);
