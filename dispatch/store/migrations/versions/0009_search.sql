-- Full text over title, body and the last digits of the number. An expression, not a column: there is nothing to fill, and nothing to forget
-- when a text is erased. New texts wait in the index's list of its own, which the scheduler puts in order.
DROP INDEX CONCURRENTLY IF EXISTS whistle_pairs;
CREATE INDEX CONCURRENTLY whistle_pairs ON whistle
    USING gin (word_pairs(title || ' ' || body || ' ' || right(number::text, 4)))
    WITH (gin_pending_list_limit = 65536);
