-- What became of a dead letter that was whistled anew, and how far back this schema still serves older code.

ALTER TABLE dead_letter ADD COLUMN whistle uuid;   -- the whistle it was raised as

CREATE TABLE schema_serves (               -- one row: the oldest revision whose code works on this schema
    oldest text NOT NULL
);
INSERT INTO schema_serves VALUES ('0003');
