-- sell_orders and sell_order_lines: what was sold, as a shop or a bookkeeping program wants it.
--
-- Needs the tables of the streams orders and order_items, as target-postgres makes them by default, on the
-- search_path; the views come into its first schema. May be run again at any time:
--
--     PGOPTIONS='--search_path=amazon' psql -f sql/sell_orders.sql
--
-- Cancelled orders (status Canceled) are in the views: leave them out where sums are made. A pending order
-- has no total yet. subtotal is the price of the whole line, without shipping, and with or without tax as
-- the marketplace's prices are. Orders from outside Amazon have no marketplace, and no product_remote_id.
-- A view that reads a column keeps it from getting a wider type: should a load say so, drop the views, load,
-- and run this file again.

CREATE OR REPLACE VIEW sell_orders AS
SELECT
    "AmazonOrderId" AS remote_id,
    "MarketplaceId" AS marketplace_id,
    "PurchaseDate" AS placed,
    "LastUpdateDate" AS updated,
    "OrderStatus" AS status,
    "FulfillmentChannel" AS fulfillment_channel,
    "OrderTotal" ->> 'CurrencyCode' AS currency_code,
    ("OrderTotal" ->> 'Amount')::numeric AS total_value
FROM orders;

COMMENT ON VIEW sell_orders IS 'One row an order';

CREATE OR REPLACE VIEW sell_order_lines AS
SELECT
    "AmazonOrderId" AS order_remote_id,
    "OrderItemKey" AS line_id,
    "ASIN" || '_' || "MarketplaceId" AS product_remote_id,
    "ASIN" AS asin,
    "SellerSKU" AS sku,
    "Title" AS name,
    "QuantityOrdered" AS quantity,
    "ItemPrice" ->> 'CurrencyCode' AS currency_code,
    ("ItemPrice" ->> 'Amount')::numeric AS subtotal
FROM order_items;

COMMENT ON VIEW sell_order_lines IS 'One row an order line; product_remote_id is remote_id of the view products';
