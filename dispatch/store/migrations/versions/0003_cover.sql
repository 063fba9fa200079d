-- Leave, and the few parts that a watch for cover looks at.

CREATE TABLE absence (                     -- somebody is away, from–to; whoever stands in follows from the seats
    id       uuid        PRIMARY KEY,
    person   text        NOT NULL REFERENCES person,
    from_at  timestamptz NOT NULL,
    to_at    timestamptz NOT NULL CHECK (to_at > from_at),
    noted_by text,                         -- the person who entered it
    noted_at timestamptz NOT NULL
);
CREATE INDEX absence_person ON absence (person, to_at);
CREATE INDEX absence_to ON absence (to_at);

CREATE INDEX assignment_expected ON assignment (whistle) WHERE active AND on_site AND status = 'assigned';
