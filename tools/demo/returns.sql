-- Which products come back? Pieces sold and returned per product.
-- An order number that appears twice was corrected: its last line counts.
with lines as (
    select rowid as line, coalesce(trim(order_no), '') as order_no,
           trim(product) as product,
           replace(replace(trim(quantity), ',', ''), ' pcs', '') as quantity
    from orders
    where coalesce(trim(order_no), '') <> 'TOTAL' and customer not like 'TEST%'
),
newest as (
    select *, row_number() over (partition by order_no order by line desc) as age
    from lines
),
pieces as (
    select product, cast(quantity as integer) as pieces
    from newest
    where (age = 1 or order_no = '')
      and (quantity glob '[0-9]*' or quantity glob '-[0-9]*')
)
select product,
       count(*) as orders,
       sum(max(pieces, 0)) as sold,
       sum(-min(pieces, 0)) as returned,
       round(100.0 * sum(-min(pieces, 0)) / sum(max(pieces, 0)), 1) as percent
from pieces
group by product
order by percent desc, product
