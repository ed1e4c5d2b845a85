-- products: what the seller offers, one row a listing. stock_by_sku: what there is of it, one row a SKU.
--
-- Needs the tables of the streams products_inventory, warehouse_inventory and product_catalog, as
-- target-postgres makes them by default, on the search_path; the views come into its first schema. May be
-- run again at any time:
--
--     PGOPTIONS='--search_path=amazon' psql -f sql/products.sql
--
-- remote_id is the ASIN and the marketplace. Two SKUs that offer the same ASIN share it: sku tells them apart.
--
-- Stock is what can be sold now. In `products` it is what the listing's own marketplace can sell: for what
-- Amazon sends, the stock in Amazon's warehouses; for what the seller sends, the listing's quantity; each
-- stands in where the other is unknown, and null means that neither is known, not zero.
--
-- Never add that up over marketplaces. The marketplaces of the European Union sell from one pool and each of
-- them reports the whole of it (as sellers told Amazon on its public issue lists), and a seller usually offers
-- the same shelf everywhere. `stock_by_sku` counts each pool once: the European Union is one, every other
-- marketplace, the United Kingdom too, its own. Of a pool and of the seller's own shelf the greatest number
-- counts, because the reports of two marketplaces are some minutes apart.
--
-- Listings that Amazon no longer reports stay in their table, unless it is loaded with load_method overwrite.
-- A view that reads a column keeps it from getting a wider type: should a load say so, drop the views, load,
-- and run this file again.

CREATE OR REPLACE VIEW products AS
WITH listing AS (
    SELECT
        marketplace_id,
        "listing-id" AS listing_id,
        "seller-sku" AS sku,
        -- Amazon's number 1 says that the product id is an ASIN.
        coalesce(asin1, CASE WHEN "product-id-type" = '1' THEN "product-id" END) AS asin,
        "item-name" AS name,
        -- Thirteen digits are an EAN (an ISBN of that length is one as well).
        CASE WHEN "product-id" ~ '^[0-9]{13}$' THEN "product-id" END AS ean,
        price,
        quantity,
        "fulfillment-channel" LIKE 'AMAZON%' AS is_sent_by_amazon,
        status
    FROM products_inventory
),
warehouses AS (
    SELECT
        marketplace_id,
        "sellerSku" AS sku,
        sum(("inventoryDetails" ->> 'fulfillableQuantity')::bigint)::bigint AS stock
    FROM warehouse_inventory
    GROUP BY marketplace_id, "sellerSku"
),
item AS (
    SELECT
        marketplace_id,
        asin,
        jsonb_path_query_first(
            identifiers, '$[*].identifiers[*] ? (@.identifierType == "EAN").identifier') #>> '{}' AS ean,
        -- A UPC is the EAN that begins with a zero.
        '0' || (jsonb_path_query_first(
            identifiers, '$[*].identifiers[*] ? (@.identifierType == "UPC").identifier') #>> '{}') AS upc
    FROM product_catalog
)
SELECT
    listing.asin || '_' || listing.marketplace_id AS remote_id,
    listing.marketplace_id,
    listing.listing_id,
    listing.asin,
    listing.sku,
    listing.name,
    coalesce(listing.ean, item.ean, item.upc) AS ean,
    listing.price,
    CASE
        WHEN listing.is_sent_by_amazon THEN coalesce(warehouses.stock, listing.quantity)
        ELSE coalesce(listing.quantity, warehouses.stock)
    END AS stock,
    listing.status
FROM listing
LEFT JOIN warehouses USING (marketplace_id, sku)
LEFT JOIN item USING (marketplace_id, asin);

COMMENT ON VIEW products IS 'One row a listing; stock is that of its own marketplace and must not be added up';

CREATE OR REPLACE VIEW stock_by_sku AS
WITH pool AS (
    SELECT
        "sellerSku" AS sku,
        CASE
            WHEN marketplace_id IN (
                'AMEN7PMS3EDWL',   -- Belgium
                'A1PA6795UKMFR9',  -- Germany
                'A1RKKUPIHCS9HS',  -- Spain
                'A13V1IB3VIYZZH',  -- France
                'A28R8C7NBKEWEA',  -- Ireland
                'APJ6JRA9NG5V4',   -- Italy
                'A1805IZSGTT6HS',  -- Netherlands
                'A1C3SOZRARQ6R3',  -- Poland
                'A2NODRKZP88ZB9'   -- Sweden
            ) THEN 'European Union'
            ELSE marketplace_id
        END AS pool,
        max(("inventoryDetails" ->> 'fulfillableQuantity')::bigint) AS stock
    FROM warehouse_inventory
    GROUP BY 1, 2
),
amazon AS (
    SELECT sku, sum(stock)::bigint AS stock_at_amazon
    FROM pool
    GROUP BY sku
),
seller AS (
    SELECT "seller-sku" AS sku, max(quantity) AS stock_at_seller
    FROM products_inventory
    GROUP BY "seller-sku"
)
SELECT
    sku,
    stock_at_amazon,
    stock_at_seller,
    coalesce(stock_at_amazon + stock_at_seller, stock_at_amazon, stock_at_seller) AS stock
FROM amazon
FULL JOIN seller USING (sku);

COMMENT ON VIEW stock_by_sku IS 'Stock of a SKU over all marketplaces, with pooled stock counted once';
