-- One request of a kind waits at a time, but for instructions (批示): each is signed for by itself.
DROP INDEX CONCURRENTLY IF EXISTS request_one_pending;
CREATE UNIQUE INDEX CONCURRENTLY request_one_pending ON request (whistle, kind, unit) NULLS NOT DISTINCT
  WHERE status = 'pending' AND kind <> 'instruction';
DROP INDEX CONCURRENTLY IF EXISTS request_pending;
