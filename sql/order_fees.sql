-- order_fee_lines and order_fees: what Amazon charged for an order.
--
-- Needs the table of the stream order_financial_events, as target-postgres makes it by default, on the
-- search_path; the views come into its first schema. A table that another program fills will do as well:
-- AmazonOrderId as text, and ShipmentEventList and RefundEventList as jsonb arrays in the shape of Amazon's
-- Finances API v0 (listFinancialEvents), in one row an order or several. May be run again at any time:
--
--     PGOPTIONS='--search_path=amazon' psql -f sql/order_fees.sql
--
-- Amounts have Amazon's sign: negative is what the seller pays, positive what the seller gets back, as with
-- the commission of a returned order. Events that Amazon defers are not there before they are released, so
-- that the fees of the newest orders are still to come.

CREATE OR REPLACE VIEW order_fee_lines AS
WITH event AS (
    SELECT
        "AmazonOrderId" AS order_remote_id,
        'shipment' AS kind,
        jsonb_path_query("ShipmentEventList", '$[*]') AS body
    FROM order_financial_events
    UNION ALL
    SELECT
        "AmazonOrderId",
        'refund',
        jsonb_path_query("RefundEventList", '$[*]')
    FROM order_financial_events
),
fee AS (
    -- Fees of a line of the order. Amazon calls the lines of a refund adjustments.
    SELECT
        order_remote_id,
        kind,
        body,
        item ->> 'SellerSKU' AS sku,
        jsonb_path_query(item, '$.keyvalue() ? (@.key like_regex "^ItemFee(Adjustment)?List$").value[*]') AS fee
    FROM event
    CROSS JOIN LATERAL jsonb_path_query(
        body, '$.keyvalue() ? (@.key like_regex "^ShipmentItem(Adjustment)?List$").value[*]') AS item
    UNION ALL
    -- Fees of the shipment or the order as a whole.
    SELECT
        order_remote_id,
        kind,
        body,
        NULL,
        jsonb_path_query(
            body, '$.keyvalue() ? (@.key like_regex "^(Shipment|Order)Fee(Adjustment)?List$").value[*]')
    FROM event
)
SELECT
    order_remote_id,
    kind,
    (body ->> 'PostedDate')::timestamptz AS posted,
    sku,
    fee ->> 'FeeType' AS fee_type,
    fee #>> '{FeeAmount,CurrencyCode}' AS currency_code,
    (fee #>> '{FeeAmount,CurrencyAmount}')::numeric AS amount
FROM fee
-- Amazon lists fees of nothing as well.
WHERE (fee #>> '{FeeAmount,CurrencyAmount}')::numeric <> 0;

COMMENT ON VIEW order_fee_lines IS 'One row a fee of an order; sku is null for fees of the whole order';

CREATE OR REPLACE VIEW order_fees AS
SELECT
    order_remote_id,
    currency_code,
    coalesce(sum(amount) FILTER (WHERE fee_type IN ('Commission', 'RefundCommission')), 0) AS commission,
    coalesce(sum(amount) FILTER (WHERE fee_type LIKE 'FBA%'), 0) AS fulfillment,
    coalesce(
        sum(amount) FILTER (
            WHERE (fee_type IN ('Commission', 'RefundCommission') OR fee_type LIKE 'FBA%') IS NOT TRUE),
        0) AS other,
    sum(amount) AS total,
    coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS total_of_refunds
FROM order_fee_lines
GROUP BY order_remote_id, currency_code;

COMMENT ON VIEW order_fees IS 'Fees of an order, one row a currency; negative is what the seller pays';
