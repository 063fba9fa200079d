-- Extensions asked for only at the last moment (临期才申请), counted by unit.
DROP INDEX CONCURRENTLY IF EXISTS request_late;
CREATE INDEX CONCURRENTLY request_late ON request (unit, asked_at) WHERE kind = 'extension' AND data @> '{"late": true}';
