-- Filters of lists that a person keeps under a name of their own; a preference, in no log, gone with the person.
CREATE TABLE saved_filter (
    id         uuid        PRIMARY KEY,
    person     text        NOT NULL REFERENCES person ON DELETE CASCADE,
    list       text        NOT NULL CHECK (list IN ('queue', 'street', 'all')),
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 20),
    query      text        NOT NULL CHECK (char_length(query) BETWEEN 1 AND 2000),  -- made from the filter, as a link has it
    created_at timestamptz NOT NULL,
    UNIQUE (person, list, name)
);
