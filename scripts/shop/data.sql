-- The staging shop's rows, the same ones every time: everything follows from the row's number. The variable `orders` is
-- the number of orders; all eight tables together hold about 5.6 times as many rows.

set timezone to 'UTC';

insert into suppliers (name, country, contact, rating, notes)
select format('Supplier %s', i), (array['DE', 'FR', 'IT', 'PL', 'SE'])[1 + i % 5],
       case when i % 4 > 0 then format('sales@supplier-%s.example', i) end, (i % 50) / 10.0,
       case i % 3 when 0 then E'tab\there, backslash \\ there,\nand a second line' when 1 then '' end
from generate_series(1, 25) i;

insert into products (sku, supplier_id, name, price, weight_grams, attributes, tags, thumbnail, discontinued_at)
select format('SKU-%s', lpad(i::text, 6, '0')), 1 + i % 25, (array['Tea', 'Kaffee', 'Käse', '茶碗', 'Brød'])[1 + i % 5] || ' ' || i,
       1 + (i * 37 % 20000) / 100.0, (i * 7919 % 100000) / 3.0,
       jsonb_build_object('colour', (array['red', 'green', null])[1 + i % 3], 'size', i % 12, 'gtin', lpad((i * 104729)::text, 13, '0')),
       array_remove(array['shelf ' || i % 40, case when i % 6 = 0 then 'with "quotes", commas' end], null),
       case when i % 10 = 0 then decode(md5(i::text) || md5((i + 1)::text), 'hex') end,
       case when i % 17 = 0 then timestamptz '2025-03-01 12:00:00+00' + i * interval '1 hour' end
from generate_series(1, 20 + :orders / 50) i;

insert into customers (public_id, email, name, born, preferences, created_at)
select md5('customer ' || i)::uuid, format('Customer.%s@example.org', i),
       (array['Ada', 'Grace', 'Jürgen', 'Zoë', 'O''Neill', '山田'])[1 + i % 6] || ' ' || i,
       case when i % 9 > 0 then date '1950-01-01' + i % 20000 end,
       case when i % 3 = 0 then format('{"mail":  %s, "theme":"dark" }', case when i % 2 = 0 then 'true' else 'false' end)::json end,
       timestamptz '2024-01-01 00:00:00+00' + i * interval '97 seconds' + i * interval '11 microseconds'
from generate_series(1, :orders / 5 + 1) i;

insert into addresses (customer_id, kind, street, postcode, city)
select c, case k when 0 then 'home' else 'work' end, format('Straße %s %s', c % 400, k), lpad((c * 31 % 100000)::text, 5, '0'),
       (array['Köln', 'Łódź', 'Malmö', 'Bologna', 'Saint-Étienne'])[1 + c % 5]
from generate_series(1, :orders / 5 + 1) c, generate_series(0, 1) k
where k = 0 or c % 2 = 0
order by c, k;

insert into orders (customer_id, address_id, status, placed_at, note)
select c, c + (c - 1) / 2,   -- the customer's home address: one before it for each customer, one more for each even one
       (enum_range(null::order_status))[1 + i * 13 % 6],
       timestamptz '2025-01-01 00:00:00+00' + i * (interval '400 days' / :orders),
       case when i % 20 = 0 then 'Please ring twice; ' || repeat('and leave it at the door. ', i % 7) end
from generate_series(1, :orders) i, lateral (select 1 + i % (:orders / 5 + 1)) customer (c)
order by i;

insert into order_lines (order_id, line, product_id, quantity, unit_price)
select o, l, 1000 + (o * 7 + l) % (20 + :orders / 50), 1 + (o + l) % 9, 1 + ((o * 37 + l) % 20000) / 100.0
from generate_series(1::bigint, :orders) o, generate_series(1, 4) l
where l <= 1 + o % 4
order by o, l;

insert into payments (order_id, method, amount, paid_at, reference)
select id, (array['card', 'transfer', 'invoice'])[1 + id % 3], order_total(id) + 4.90, placed_at + interval '3 minutes',
       case when id % 5 > 0 then 'P' || md5('payment ' || id) end
from orders where id % 10 > 0 order by id;

insert into shipments (order_id, carrier, shipped_on, transit, tracking)
select id, (array['post', 'courier', 'pick-up'])[1 + id % 3], (placed_at at time zone 'UTC')::date + 1,
       case when id % 4 > 0 then (1 + id % 5) * interval '1 day' + (id % 24) * interval '1 hour' end, md5('parcel ' || id)
from orders where id % 10 > 2 order by id;

refresh materialized view revenue_by_month;
analyze suppliers, products, customers, addresses, orders, order_lines, payments, shipments, revenue_by_month;
