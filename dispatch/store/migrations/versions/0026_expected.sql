-- The watch for cover also looks at units that have signed and are not on site.
DROP INDEX CONCURRENTLY IF EXISTS assignment_expected;
CREATE INDEX CONCURRENTLY assignment_expected ON assignment (whistle)
    WHERE active AND on_site AND status IN ('assigned', 'reported-in');
