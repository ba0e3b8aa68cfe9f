\set n random(1, 5000)
\set cents random(1, 100000)
INSERT INTO orders (customer, price, state) VALUES ('customer ' || :n, :cents, 0);
