-- sp_daily_asin_data: sales and traffic of every ASIN on every day, with keys of its own, and the table
-- of marketplaces that it refers to.
--
-- For dashboards and programs that join on numbers and UUIDs instead of Amazon's ids. Needs PostgreSQL 13
-- and nothing else; may be run again at any time. Tables come into the first schema of search_path:
--
--     PGOPTIONS='--search_path=amazon' psql -f sql/daily_asin.sql
--
-- target-postgres fills it from the stream sales_traffic_report with these settings:
--
--     "default_target_schema": "amazon",
--     "tables": {
--       "sales_traffic_report": {
--         "table": "sp_daily_asin_data",
--         "rename": {"marketplace_id": "amazon_marketplace_id"},
--         "lookup": {"marketplace_id": {"table": "marketplaces", "from": "marketplace_id", "match": "amazon_marketplace_id"}},
--         "key": ["date", "marketplace_id", "child_asin"],
--         "extra": "leave_out",
--         "metadata": false
--       },
--       "marketplaces": {
--         "rename": {"id": "amazon_marketplace_id", "countryCode": "country_code"},
--         "key": ["amazon_marketplace_id"],
--         "extra": "leave_out",
--         "metadata": false
--       }
--     }
--
-- The second entry is for runs that also load the tap's stream marketplaces, which has the same name: it
-- then brings this table up to date and leaves the UUIDs alone. A table marketplaces that was loaded without
-- it is another one: take a schema of its own, or drop that table first.

CREATE TABLE IF NOT EXISTS marketplaces (
    id                    UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    amazon_marketplace_id TEXT NOT NULL UNIQUE,
    country_code          TEXT,
    name                  TEXT
);

COMMENT ON TABLE marketplaces IS 'Amazon''s marketplaces, with a key of our own';
COMMENT ON COLUMN marketplaces.amazon_marketplace_id IS 'Amazon''s id, such as A1PA6795UKMFR9';
COMMENT ON COLUMN marketplaces.country_code IS 'ISO 3166; the United Kingdom is GB';

-- As Amazon publishes them.
INSERT INTO marketplaces (amazon_marketplace_id, country_code, name)
VALUES
    ('A2VIGQ35RCS4UG', 'AE', 'United Arab Emirates'),
    ('A39IBJ37TRP1C6', 'AU', 'Australia'),
    ('AMEN7PMS3EDWL', 'BE', 'Belgium'),
    ('A2Q3Y263D00KWC', 'BR', 'Brazil'),
    ('A2EUQ1WTGCTBG2', 'CA', 'Canada'),
    ('A1PA6795UKMFR9', 'DE', 'Germany'),
    ('ARBP9OOSHTCHU', 'EG', 'Egypt'),
    ('A1RKKUPIHCS9HS', 'ES', 'Spain'),
    ('A13V1IB3VIYZZH', 'FR', 'France'),
    ('A1F83G8C2ARO7P', 'GB', 'United Kingdom'),
    ('A28R8C7NBKEWEA', 'IE', 'Ireland'),
    ('A21TJRUUN4KGV', 'IN', 'India'),
    ('APJ6JRA9NG5V4', 'IT', 'Italy'),
    ('A1VC38T7YXB528', 'JP', 'Japan'),
    ('A1AM78C64UM0Y8', 'MX', 'Mexico'),
    ('A1805IZSGTT6HS', 'NL', 'Netherlands'),
    ('A1C3SOZRARQ6R3', 'PL', 'Poland'),
    ('A17E79C6D8DWNP', 'SA', 'Saudi Arabia'),
    ('A2NODRKZP88ZB9', 'SE', 'Sweden'),
    ('A19VAU5U5O7RUS', 'SG', 'Singapore'),
    ('A33AVAJ2PDY3EV', 'TR', 'Turkey'),
    ('ATVPDKIKX0DER', 'US', 'United States'),
    ('AE08WJ6YKNBMC', 'ZA', 'South Africa')
ON CONFLICT (amazon_marketplace_id) DO NOTHING;

CREATE TABLE IF NOT EXISTS sp_daily_asin_data (
    id                    BIGSERIAL PRIMARY KEY,
    date                  DATE NOT NULL,
    marketplace_id        UUID NOT NULL REFERENCES marketplaces (id),
    amazon_marketplace_id TEXT NOT NULL,
    parent_asin           TEXT,
    child_asin            TEXT NOT NULL,
    sku                   TEXT,
    currency_code         TEXT,

    units_ordered                        BIGINT,
    units_ordered_b2b                    BIGINT,
    ordered_product_sales                NUMERIC,
    ordered_product_sales_b2b            NUMERIC,
    total_order_items                    BIGINT,
    total_order_items_b2b                BIGINT,
    browser_sessions                     BIGINT,
    browser_sessions_b2b                 BIGINT,
    mobile_app_sessions                  BIGINT,
    mobile_app_sessions_b2b              BIGINT,
    sessions                             BIGINT,
    sessions_b2b                         BIGINT,
    browser_session_percentage           NUMERIC,
    browser_session_percentage_b2b       NUMERIC,
    mobile_app_session_percentage        NUMERIC,
    mobile_app_session_percentage_b2b    NUMERIC,
    session_percentage                   NUMERIC,
    session_percentage_b2b               NUMERIC,
    browser_page_views                   BIGINT,
    browser_page_views_b2b               BIGINT,
    mobile_app_page_views                BIGINT,
    mobile_app_page_views_b2b            BIGINT,
    page_views                           BIGINT,
    page_views_b2b                       BIGINT,
    browser_page_views_percentage        NUMERIC,
    browser_page_views_percentage_b2b    NUMERIC,
    mobile_app_page_views_percentage     NUMERIC,
    mobile_app_page_views_percentage_b2b NUMERIC,
    page_views_percentage                NUMERIC,
    page_views_percentage_b2b            NUMERIC,
    buy_box_percentage                   NUMERIC,
    buy_box_percentage_b2b               NUMERIC,
    unit_session_percentage              NUMERIC,
    unit_session_percentage_b2b          NUMERIC,

    UNIQUE (date, marketplace_id, child_asin)
);

COMMENT ON TABLE sp_daily_asin_data IS 'Sales and traffic of an ASIN on a day, from Amazon''s Sales and Traffic report';
COMMENT ON COLUMN sp_daily_asin_data.date IS 'Day in the marketplace''s own time zone';
COMMENT ON COLUMN sp_daily_asin_data.buy_box_percentage IS 'Share of page views that had the seller''s offer in the buy box';
COMMENT ON COLUMN sp_daily_asin_data.unit_session_percentage IS 'Units ordered per hundred sessions';

-- A day over all ASINs is found by the unique index; an ASIN or a marketplace over all days by these.
CREATE INDEX IF NOT EXISTS sp_daily_asin_data_child_asin_date_idx ON sp_daily_asin_data (child_asin, date);
CREATE INDEX IF NOT EXISTS sp_daily_asin_data_parent_asin_date_idx ON sp_daily_asin_data (parent_asin, date);
CREATE INDEX IF NOT EXISTS sp_daily_asin_data_marketplace_id_date_idx ON sp_daily_asin_data (marketplace_id, date);
