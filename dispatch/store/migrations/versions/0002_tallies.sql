-- Counts that cost the same at a thousand whistles and at ten million, and indexes for what is counted or cleared away.
-- Every statement that changes a counted row appends the difference; the snapshot job adds the differences up.

CREATE TABLE tally (                       -- as of the last snapshot; what came since stands in tally_change
    name text   NOT NULL,                  -- status: a = district, b = status; queue: a = unit
    a    text   NOT NULL,
    b    text   NOT NULL,
    n    bigint NOT NULL,
    PRIMARY KEY (name, a, b)
) WITH (fillfactor = 50);

CREATE TABLE tally_change (                -- append only: no two writers ever wait for each other here
    name text    NOT NULL,
    a    text    NOT NULL,
    b    text    NOT NULL,
    n    integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_threshold = -1);

CREATE FUNCTION whistle_state_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change SELECT 'status', district, status, count(*) FROM added GROUP BY district, status;
    RETURN NULL;
END $$;

CREATE FUNCTION whistle_state_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change
    SELECT 'status', district, status, sum(n) FROM (
        SELECT district, status, 1 AS n FROM added UNION ALL SELECT district, status, -1 FROM removed
    ) both_sides GROUP BY district, status HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION whistle_state_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change SELECT 'status', district, status, -count(*) FROM removed GROUP BY district, status;
    RETURN NULL;
END $$;

CREATE FUNCTION assignment_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change SELECT 'queue', unit, '', count(*) FROM added WHERE active GROUP BY unit;
    RETURN NULL;
END $$;

CREATE FUNCTION assignment_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change
    SELECT 'queue', unit, '', sum(n) FROM (
        SELECT unit, 1 AS n FROM added WHERE active UNION ALL SELECT unit, -1 FROM removed WHERE active
    ) both_sides GROUP BY unit HAVING sum(n) <> 0;
    RETURN NULL;
END $$;

CREATE FUNCTION assignment_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tally_change SELECT 'queue', unit, '', -count(*) FROM removed WHERE active GROUP BY unit;
    RETURN NULL;
END $$;

CREATE TRIGGER tally_insert AFTER INSERT ON whistle_state REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION whistle_state_added();
CREATE TRIGGER tally_update AFTER UPDATE ON whistle_state REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION whistle_state_changed();
CREATE TRIGGER tally_delete AFTER DELETE ON whistle_state REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION whistle_state_removed();
CREATE TRIGGER tally_insert AFTER INSERT ON assignment REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION assignment_added();
CREATE TRIGGER tally_update AFTER UPDATE ON assignment REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION assignment_changed();
CREATE TRIGGER tally_delete AFTER DELETE ON assignment REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION assignment_removed();

INSERT INTO tally SELECT 'status', district, status, count(*) FROM whistle_state GROUP BY district, status;
INSERT INTO tally SELECT 'queue', unit, '', count(*) FROM assignment WHERE active GROUP BY unit;

-- what a snapshot probes
CREATE INDEX assignment_oldest ON assignment (unit, assigned_at) WHERE active;
CREATE INDEX whistle_clock_parked ON whistle_clock (fires_at) WHERE parked IS NOT NULL;
CREATE INDEX dead_letter_waiting ON dead_letter (reason) WHERE status = 'waiting';
CREATE INDEX notice_failed ON notice (created_at) WHERE status = 'failed';

-- what is cleared away by age: written in the order of time, so a small index on ranges of pages is enough
CREATE INDEX action_key_at ON action_key USING brin (at) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX notice_created ON notice USING brin (created_at) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX dead_letter_at ON dead_letter USING brin (at) WITH (pages_per_range = 16, autosummarize = on);
