\set n random(1, 5000)
\set cents random(1, 100000)
INSERT INTO orders (customer_name, price, status)
VALUES ('customer ' || :n, :cents / 100.0, 'open');
