-- settlement_lines, settlement_balances and settlement_order_fees: what Amazon paid and charged, as it settled.
--
-- Needs the table settlements on the search_path, as target-postgres loads it. The views come into the first
-- schema of search_path. May be run again at any time:
--
--     PGOPTIONS='--search_path=amazon' psql -f sql/settlements.sql
--
-- Amounts have Amazon's sign: negative is what the seller pays. All of a settlement add up to what Amazon
-- transfers; settlement_balances shows that for each, and difference is 0 unless rows are missing. The fees of
-- an order have the columns of order_fees (sql/order_fees.sql), so that both can be compared.

CREATE OR REPLACE VIEW settlement_lines AS
SELECT
    line.region,
    line."settlement-id" AS settlement_id,
    line."_row_occurrence" AS row,
    head.currency AS currency_code,
    line."order-id" AS order_remote_id,
    line."marketplace-name" AS marketplace_name,
    line."transaction-type" AS transaction_type,
    line."amount-type" AS amount_type,
    line."amount-description" AS amount_description,
    -- What an amount is about. Amazon's words are open sets; what nobody knows is other.
    CASE
        WHEN line."amount-type" = 'ItemFees' THEN 'fees'
        WHEN line."amount-type" = 'Promotion' THEN 'promotions'
        WHEN line."amount-type" = 'ItemWithheldTax' OR line."amount-description" LIKE '%Tax' THEN 'taxes'
        WHEN line."amount-type" = 'ItemPrice' THEN 'sales'
        ELSE 'other'
    END AS kind,
    line.sku,
    line."posted-date" AS posted,
    line.amount
FROM settlements AS line
LEFT JOIN settlements AS head
    ON head."settlement-id" = line."settlement-id" AND head."total-amount" IS NOT NULL
WHERE line.amount IS NOT NULL;

COMMENT ON VIEW settlement_lines IS 'One row an amount of a settlement, with its currency';

CREATE OR REPLACE VIEW settlement_balances AS
SELECT
    head.region,
    head."settlement-id" AS settlement_id,
    head."settlement-start-date" AS started,
    head."settlement-end-date" AS ended,
    head."deposit-date" AS paid,
    head.currency AS currency_code,
    coalesce(sum(line.amount) FILTER (WHERE line.kind = 'sales'), 0) AS sales,
    coalesce(sum(line.amount) FILTER (WHERE line.kind = 'promotions'), 0) AS promotions,
    coalesce(sum(line.amount) FILTER (WHERE line.kind = 'taxes'), 0) AS taxes,
    coalesce(sum(line.amount) FILTER (WHERE line.kind = 'fees'), 0) AS fees,
    coalesce(sum(line.amount) FILTER (WHERE line.kind = 'other'), 0) AS other,
    head."total-amount" AS total,
    head."total-amount" - coalesce(sum(line.amount), 0) AS difference
FROM settlements AS head
LEFT JOIN settlement_lines AS line ON line.settlement_id = head."settlement-id"
WHERE head."total-amount" IS NOT NULL
GROUP BY
    head.region,
    head."settlement-id",
    head."settlement-start-date",
    head."settlement-end-date",
    head."deposit-date",
    head.currency,
    head."total-amount";

COMMENT ON VIEW settlement_balances IS 'One row a settlement: what it is made of, and whether it adds up';

CREATE OR REPLACE VIEW settlement_order_fees AS
SELECT
    order_remote_id,
    currency_code,
    coalesce(sum(amount) FILTER (WHERE amount_description IN ('Commission', 'RefundCommission')), 0) AS commission,
    coalesce(sum(amount) FILTER (WHERE amount_description LIKE 'FBA%'), 0) AS fulfillment,
    coalesce(
        sum(amount) FILTER (
            WHERE (amount_description IN ('Commission', 'RefundCommission') OR amount_description LIKE 'FBA%')
                IS NOT TRUE),
        0) AS other,
    sum(amount) AS total,
    coalesce(sum(amount) FILTER (WHERE transaction_type = 'Refund'), 0) AS total_of_refunds
FROM settlement_lines
WHERE kind = 'fees' AND order_remote_id IS NOT NULL
GROUP BY order_remote_id, currency_code;

COMMENT ON VIEW settlement_order_fees IS 'Fees of an order as they were settled, one row a currency; negative is what the seller pays';
