-- Two accounts in place of one: `dispatch_owner` owns the tables, for `dispatch migrate` and `dispatch archive`;
-- `dispatch_app` reads and writes rows and nothing else, for web, worker and scheduler.
--
--   createdb dispatch && psql -v ON_ERROR_STOP=1 -d dispatch -f deploy/postgres/roles.sql      as a superuser, before or after the first migration
--   psql -c '\password dispatch_owner' -c '\password dispatch_app'
--   DISPATCH_DATABASE_URL=postgresql://dispatch_owner:…@host/dispatch dispatch migrate         whenever a version is installed
--   DISPATCH_DATABASE_URL=postgresql://dispatch_app:…@host/dispatch   dispatch web|worker|scheduler
--
-- Run again it changes nothing. The months of the log are made, and the index of words kept in order, by functions
-- that run as the owner, so the scheduler needs no more than this. The log refuses UPDATE, DELETE and TRUNCATE to either; only its owner could take that away.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dispatch_owner') THEN
        CREATE ROLE dispatch_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dispatch_app') THEN
        CREATE ROLE dispatch_app LOGIN;
    END IF;
END $$;

ALTER SCHEMA public OWNER TO dispatch_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO dispatch_app;

-- what an earlier account owns in this database
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT format('ALTER %s %s OWNER TO dispatch_owner', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass) AS said
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO dispatch_owner', p.oid::regprocedure)
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    LOOP
        EXECUTE one.said;
    END LOOP;
END $$;

ALTER DEFAULT PRIVILEGES FOR ROLE dispatch_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dispatch_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO dispatch_app;
