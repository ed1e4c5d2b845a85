-- report_jobs: what was asked of Amazon's Reports API, and how it ended.
--
-- For whoever asks "why is a day missing?": one row a report, with its error if it has one. Needs nothing;
-- may be run again at any time. The table comes into the first schema of search_path.
--
-- The tap's stream `reports` says this of its own reports, and target-postgres makes its table by itself; this
-- one is for programs that keep their own jobs beside it, in the same words.

CREATE TABLE IF NOT EXISTS report_jobs (
    id                    BIGSERIAL PRIMARY KEY,
    date                  DATE NOT NULL,
    amazon_marketplace_id TEXT NOT NULL,
    report_type           TEXT NOT NULL,
    report_id             TEXT UNIQUE,
    status                TEXT NOT NULL
        CHECK (status IN ('IN_QUEUE', 'IN_PROGRESS', 'DONE', 'CANCELLED', 'FATAL')),
    row_count             BIGINT,
    error_message         TEXT,
    started_at            TIMESTAMPTZ NOT NULL DEFAULT now(),
    completed_at          TIMESTAMPTZ
);

COMMENT ON TABLE report_jobs IS 'Reports that were asked of Amazon, one row each';
COMMENT ON COLUMN report_jobs.date IS 'The day that the report is about, or the first of several';
COMMENT ON COLUMN report_jobs.report_id IS 'Amazon''s id; null while Amazon has not accepted the request';
COMMENT ON COLUMN report_jobs.status IS 'Amazon''s word; CANCELLED also says that there was no data';
COMMENT ON COLUMN report_jobs.row_count IS 'Rows of the document; null before it was read';

CREATE INDEX IF NOT EXISTS report_jobs_marketplace_date_idx
    ON report_jobs (amazon_marketplace_id, report_type, date);
CREATE INDEX IF NOT EXISTS report_jobs_started_at_idx ON report_jobs (started_at);
-- The few that are not done, however many are.
CREATE INDEX IF NOT EXISTS report_jobs_open_idx ON report_jobs (status, started_at) WHERE status <> 'DONE';
