-- What was done to somebody's account stands in the log of administration; this is the moment up to which they saw it.
ALTER TABLE account ADD COLUMN news_seen_at timestamptz;     -- NULL: nothing seen yet
UPDATE account SET news_seen_at = clock_timestamp();         -- what happened before this was kept is no news
CREATE INDEX administration_log_subject ON administration_log (subject, at);
