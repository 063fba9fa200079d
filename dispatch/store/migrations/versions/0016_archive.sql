-- Months of the log that were taken out of the database into a file; putting one back removes its row.
CREATE TABLE log_archive (
    month          date        PRIMARY KEY,    -- its first day, UTC
    rows           bigint      NOT NULL,
    content_sha256 text        NOT NULL,       -- of the rows as COPY writes them, in the order of whistle and place
    file           text        NOT NULL,       -- its name, without the folder
    detached_at    timestamptz NOT NULL
);
