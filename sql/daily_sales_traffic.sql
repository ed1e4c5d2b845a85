-- daily_sales_traffic: sales and traffic of an ASIN on a day, with the ratios that one looks at first.
--
-- Needs the table of the stream sales_traffic_report, as target-postgres makes it by default, on the
-- search_path; the view comes into its first schema. May be run again at any time:
--
--     PGOPTIONS='--search_path=amazon' psql -f sql/daily_sales_traffic.sql
--
-- Days are those of the marketplace. Amazon counts sessions and page views up to three days late, so that
-- the newest days show sales without traffic; ratios are null where there is nothing to divide by.
-- With the tap's asin_granularity SKU, an ASIN has a row for each of its SKUs.
-- A view that reads a column keeps it from getting a wider type: should a load say so, drop the view, load,
-- and run this file again.

CREATE OR REPLACE VIEW daily_sales_traffic AS
SELECT
    date,
    marketplace_id,
    parent_asin,
    child_asin,
    sku,
    currency_code,
    units_ordered,
    total_order_items,
    ordered_product_sales,
    round(ordered_product_sales / nullif(units_ordered, 0), 2) AS average_unit_price,
    units_ordered_b2b,
    ordered_product_sales_b2b,
    sessions,
    browser_sessions,
    mobile_app_sessions,
    page_views,
    round(page_views::numeric / nullif(sessions, 0), 2) AS page_views_per_session,
    buy_box_percentage,
    round(100.0 * units_ordered / nullif(sessions, 0), 2) AS units_per_hundred_sessions
FROM sales_traffic_report;

COMMENT ON VIEW daily_sales_traffic IS 'Sales and traffic of an ASIN on a day, in the marketplace''s time zone';
