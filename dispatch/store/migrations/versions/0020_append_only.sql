-- The log is only ever added to: no row of it is changed or taken away, whatever a statement says. A month leaves as a
-- whole (`dispatch archive` detaches its partition), words are erased beside the log. Inserting runs no trigger.
CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', HINT = 'A month leaves by dispatch archive; texts are erased beside the log.';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON whistle_event
    FOR EACH ROW EXECUTE FUNCTION log_is_append_only();
-- of a statement, so no partition inherits it: each gets its own, these here and every later one as it is made
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON whistle_event
    FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only();
DO $$
DECLARE part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'whistle_event'::regclass LOOP
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %s'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only()', part);
    END LOOP;
END $$;
