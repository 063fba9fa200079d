-- Second factors, what is valid once and for minutes only, where somebody is signed in, and who administered what.

CREATE TABLE second_factor (
    person       text        PRIMARY KEY REFERENCES account,
    secret       bytea       NOT NULL,     -- sealed with the deployment's key
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,              -- NULL: shown, not yet confirmed by a first code
    last_step    bigint      NOT NULL      -- the time step of the last code taken: none at or before it is taken again
);

CREATE TABLE recovery_code (
    person  text  NOT NULL REFERENCES account,
    sha256  bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (person, sha256)
);

CREATE TABLE ticket (                      -- valid once and for minutes; only the hash of what the holder has is kept
    sha256     bytea       PRIMARY KEY,
    kind       text        NOT NULL,       -- second-factor, link, provider
    person     text        REFERENCES person,
    data       jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ticket_expires ON ticket (expires_at);
CREATE INDEX ticket_person ON ticket (person) WHERE person IS NOT NULL;

CREATE TABLE administration_log (          -- append only: every change that is no whistle's
    id       uuid        PRIMARY KEY,
    district text        NOT NULL,
    at       timestamptz NOT NULL,
    person   text,                         -- NULL: the service itself, or the command line
    seat     text,
    action   text        NOT NULL,         -- password-set, session-ended, token-made, people-changed …
    subject  text        NOT NULL,         -- whom or what it concerns
    data     jsonb       NOT NULL
);
CREATE INDEX administration_log_at ON administration_log (district, at);

ALTER TABLE web_session ADD COLUMN device text;    -- browser and system, in two words
ALTER TABLE web_session ADD COLUMN via text;       -- password, second-factor, link, provider, stand-in
CREATE INDEX web_session_person ON web_session (person);
CREATE INDEX api_token_person ON api_token (person);
