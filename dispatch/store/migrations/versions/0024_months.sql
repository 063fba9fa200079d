-- What only the owner of a table may do, as functions that run as the owner: whoever writes rows needs no DDL.
-- A month of the log.
CREATE FUNCTION make_log_month(month timestamptz, following timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    name text := 'whistle_event_' || to_char(month AT TIME ZONE 'UTC', '"y"YYYY"m"MM');
BEGIN
    -- a table of its own first, then attached: CREATE … PARTITION OF would stop every writer of the log
    EXECUTE format('CREATE TABLE %I (LIKE whistle_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
    EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only()', name);
    EXECUTE format('ALTER TABLE whistle_event ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, month, following);
END $$;
-- What came in since is put into the order of the index of words.
CREATE FUNCTION sort_in_whistle_pairs() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
    SELECT gin_clean_pending_list('whistle_pairs'::regclass)
$$;
-- the schema that they stand in, and no other: who calls them may have temporary tables of the same names
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION make_log_month(timestamptz, timestamptz) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION sort_in_whistle_pairs() SET search_path = %I, pg_temp', current_schema());
END $$;
