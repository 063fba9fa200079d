-- The first schema. One lock per whistle (whistle_state); everything else is written under it.
-- No default reads a clock: every moment comes in as a parameter, read once after the lock.

-- ── reference data: whole documents, versioned; a broken one never replaces a good one ──────────
CREATE TABLE reference_document (
    district   text        NOT NULL,
    kind       text        NOT NULL,
    version    integer     NOT NULL,
    content    jsonb       NOT NULL,
    sha256     text        NOT NULL,
    loaded_at  timestamptz NOT NULL,
    loaded_by  text        NOT NULL,
    PRIMARY KEY (district, kind, version)
);

CREATE TABLE person (
    code     text PRIMARY KEY,             -- stable; from the people file, or a UUID
    district text    NOT NULL,
    name     text    NOT NULL,
    phone    text,
    active   boolean NOT NULL
);

CREATE TABLE seat (
    code     text PRIMARY KEY,             -- unit:XF:liaison, node:130403011-D01:head, node:130403011:clerk
    district text NOT NULL,
    role     text NOT NULL,                -- dispatch.domain.permissions.Role
    node     text,
    unit     text,
    position text NOT NULL                 -- the words on the screen
);
CREATE INDEX seat_node ON seat (node);
CREATE INDEX seat_unit ON seat (unit);

CREATE TABLE tenure (                      -- who held a seat, from–to; a deputy stands in
    seat    text        NOT NULL REFERENCES seat,
    person  text        NOT NULL REFERENCES person,
    from_at timestamptz NOT NULL,
    to_at   timestamptz,
    deputy  boolean     NOT NULL,
    PRIMARY KEY (seat, person, from_at)
);
CREATE INDEX tenure_person ON tenure (person);

CREATE TABLE account (
    person        text PRIMARY KEY REFERENCES person,
    sign_in       text    NOT NULL UNIQUE,
    password_hash text,                    -- NULL: cannot sign in with a password
    must_change   boolean NOT NULL,
    failures      integer NOT NULL,
    locked_until  timestamptz
);

CREATE TABLE web_session (
    token_sha256 bytea PRIMARY KEY,
    person       text        NOT NULL REFERENCES person,
    seat         text        NOT NULL REFERENCES seat,
    csrf         text        NOT NULL,
    created_at   timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX web_session_expires ON web_session (expires_at);

CREATE TABLE api_token (
    id           uuid PRIMARY KEY,
    token_sha256 bytea       NOT NULL UNIQUE,
    person       text        NOT NULL REFERENCES person,
    seat         text        NOT NULL REFERENCES seat,
    name         text        NOT NULL,
    scopes       text[]      NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz,
    revoked_at   timestamptz
);

CREATE TABLE number_block (                -- blocks are leased per process; gaps are allowed
    kind text    NOT NULL,                 -- whistle, supervision
    year integer NOT NULL,
    next integer NOT NULL,
    PRIMARY KEY (kind, year)
);

-- ── a whistle ────────────────────────────────────────────────────────────────────────────────────
CREATE TABLE whistle (                     -- what was said; never updated on the hot path
    id              uuid PRIMARY KEY,      -- UUIDv7
    number          bigint      NOT NULL UNIQUE,
    district        text        NOT NULL,
    received_at     timestamptz NOT NULL,
    title           text        NOT NULL,
    body            text        NOT NULL,
    kind            text        NOT NULL,
    danger          boolean     NOT NULL,
    category        text,
    place           text,                  -- NULL: unknown
    address         text,
    latitude        double precision,
    longitude       double precision,
    occurred_at     timestamptz,
    raised_by_node  text        NOT NULL,
    raised_by       text,
    via             text        NOT NULL,  -- form, api, inbound, import, bulk, child
    source          jsonb,                 -- channel, number, due_at, callback_required
    source_due_at   timestamptz,
    reporter        jsonb,                 -- name, phone: erasable
    named           jsonb,                 -- lead, assist, override_reason: the street's own naming
    matched         jsonb,                 -- rules found at intake, with the list's version
    sealed          boolean     NOT NULL,
    hidden_from     text[]      NOT NULL,
    photos          uuid[]      NOT NULL,
    parent          uuid,
    merged_into     uuid,
    principal       text        NOT NULL,
    idempotency_key text        NOT NULL,
    request_sha256  bytea       NOT NULL,
    UNIQUE (principal, idempotency_key)
);
CREATE INDEX whistle_place ON whistle (place, received_at);
CREATE INDEX whistle_street ON whistle (raised_by_node, id);
CREATE INDEX whistle_parent ON whistle (parent) WHERE parent IS NOT NULL;
CREATE INDEX whistle_merged ON whistle (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE whistle_state (               -- the only lock of a whistle
    id       uuid PRIMARY KEY,
    district text        NOT NULL,
    status   text        NOT NULL,
    version  integer     NOT NULL,         -- changes of status, assignment, gen
    seq      integer     NOT NULL,         -- everything
    gen      smallint    NOT NULL,
    rung     smallint,                     -- highest rung among unanswered clocks; NULL: nothing late
    outcome  text,
    lead     text,
    rework   smallint    NOT NULL,
    status_version integer NOT NULL,       -- the version at which status or gen last changed
    last_at  timestamptz NOT NULL          -- time of the last event: none may come before it
) WITH (fillfactor = 70);
CREATE INDEX whistle_state_raised ON whistle_state (id) WHERE status = 'raised';
CREATE INDEX whistle_state_desk ON whistle_state (district, id) WHERE status = 'at-desk';
CREATE INDEX whistle_state_rung ON whistle_state (district, rung) WHERE rung IS NOT NULL;

CREATE TABLE whistle_event (               -- append only: the timeline, and the source of every figure
    whistle uuid        NOT NULL,
    seq     integer     NOT NULL,
    at      timestamptz NOT NULL,
    id      uuid        NOT NULL,
    type    text        NOT NULL,
    person  text,                          -- NULL: the service itself
    seat    text,
    data    jsonb       NOT NULL,
    PRIMARY KEY (whistle, seq, at)
) PARTITION BY RANGE (at);
CREATE TABLE whistle_event_other PARTITION OF whistle_event DEFAULT;

CREATE TABLE whistle_text (                -- free text stands apart, so that it can be erased
    id         uuid PRIMARY KEY,
    whistle    uuid        NOT NULL,
    kind       text        NOT NULL,
    body       text,                       -- NULL: erased
    sha256     bytea       NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX whistle_text_whistle ON whistle_text (whistle);

CREATE TABLE assignment (
    whistle     uuid        NOT NULL,
    gen         smallint    NOT NULL,
    unit        text        NOT NULL,
    role        text        NOT NULL,      -- lead, assist, inform
    status      text        NOT NULL,      -- assigned, reported-in, on-site, done, released
    on_site     boolean     NOT NULL,      -- report-in means arriving, not signing
    handed_back boolean     NOT NULL,      -- once per unit
    started     boolean     NOT NULL,      -- work has begun: no hand-back any more
    assigned_at timestamptz NOT NULL,
    reported_at timestamptz,
    done_at     timestamptz,
    version     integer     NOT NULL,      -- the whistle's version when this row last changed
    stage       text,                      -- the unit's nearest unanswered clock …
    due_at      timestamptz,               -- … and when it runs out: the order of the queue
    active      boolean     NOT NULL,      -- stands in the unit's queue
    PRIMARY KEY (whistle, gen, unit)
) WITH (fillfactor = 85);
CREATE INDEX assignment_queue ON assignment (unit, due_at, whistle) WHERE active;

CREATE TABLE whistle_clock (
    id            uuid PRIMARY KEY,
    whistle       uuid        NOT NULL,
    stage         text        NOT NULL,
    unit          text,
    gen           smallint    NOT NULL,
    run           smallint    NOT NULL,
    rung          smallint    NOT NULL,    -- 0: nothing has climbed in this run
    mark          text,                    -- what happens at fires_at: warn, due, climb, review, remind, notice
    nth           smallint    NOT NULL,    -- counts reminders
    fires_at      timestamptz,             -- NULL: nothing is due
    started_at    timestamptz NOT NULL,
    due_at        timestamptz,             -- NULL while it rests
    running_since timestamptz,             -- NULL: resting or answered
    used          interval    NOT NULL,    -- counted before running_since
    remaining     interval,                -- left until due_at while it rests
    fires_in      interval,                -- left until fires_at while it rests
    answered_at   timestamptz,
    policy        text        NOT NULL,    -- the policy as it was when this run began (JSON)
    calendar      text        NOT NULL,    -- code@revision
    provisional   boolean     NOT NULL,
    parked        text,                    -- why the sweep could not take it
    UNIQUE NULLS NOT DISTINCT (whistle, stage, unit)
) WITH (fillfactor = 70);
CREATE INDEX whistle_clock_fires ON whistle_clock (fires_at) WHERE fires_at IS NOT NULL AND parked IS NULL;

CREATE TABLE escalation (                  -- the ledger: a step happens once
    clock   uuid        NOT NULL,
    run     smallint    NOT NULL,
    rung    smallint    NOT NULL,
    mark    text        NOT NULL,
    nth     smallint    NOT NULL,
    whistle uuid        NOT NULL,
    at      timestamptz NOT NULL,
    due_at  timestamptz NOT NULL,
    event   uuid        NOT NULL,
    PRIMARY KEY (clock, run, rung, mark, nth)
);
CREATE INDEX escalation_whistle ON escalation (whistle);

CREATE TABLE request (                     -- hand-back, extension, hold …: asked, then decided
    id         uuid PRIMARY KEY,
    whistle    uuid        NOT NULL,
    gen        smallint    NOT NULL,
    kind       text        NOT NULL,
    unit       text,                       -- who asks (NULL: the street)
    status     text        NOT NULL,       -- pending, granted, refused, withdrawn
    asked_by   text,
    asked_at   timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    data       jsonb       NOT NULL
);
CREATE INDEX request_whistle ON request (whistle);
CREATE UNIQUE INDEX request_pending ON request (whistle, kind, unit) NULLS NOT DISTINCT WHERE status = 'pending';

CREATE TABLE action_key (                  -- Idempotency-Key of repeatable actions
    principal  text        NOT NULL,
    key        text        NOT NULL,
    whistle    uuid        NOT NULL,
    action     text        NOT NULL,
    sha256     bytea       NOT NULL,
    seq        integer     NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);

CREATE TABLE merge_proposal (
    whistle uuid        NOT NULL,
    into_whistle uuid   NOT NULL,
    score   real        NOT NULL,
    status  text        NOT NULL,          -- proposed, taken, refused
    at      timestamptz NOT NULL,
    PRIMARY KEY (whistle, into_whistle)
);

CREATE TABLE rule_draft (                  -- 裁定一次,以后照办: a ruling becomes a drafted change of the duty list
    id       uuid PRIMARY KEY,
    district text        NOT NULL,
    whistle  uuid        NOT NULL,
    content  jsonb       NOT NULL,
    drafted_by text,
    at       timestamptz NOT NULL,
    status   text        NOT NULL          -- drafted, approved, refused
);

CREATE TABLE photo (
    id         uuid PRIMARY KEY,
    sha256     bytea       NOT NULL,
    media_type text        NOT NULL,
    width      integer     NOT NULL,
    height     integer     NOT NULL,
    content    bytea       NOT NULL,
    person     text,
    at         timestamptz NOT NULL
);

-- ── what leaves, and what could not come in ──────────────────────────────────────────────────────
CREATE TABLE outbox (                      -- deleted when sent
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic      text        NOT NULL,
    key        text        NOT NULL,
    headers    jsonb       NOT NULL,       -- {name: value}
    payload    bytea       NOT NULL,
    urgent     boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    parked     text                        -- why the broker refused it; its key waits
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);
CREATE INDEX outbox_urgent ON outbox (id) WHERE urgent;
CREATE INDEX outbox_parked ON outbox (topic, key) WHERE parked IS NOT NULL;

CREATE TABLE notice (
    id          uuid PRIMARY KEY,
    event       uuid        NOT NULL,
    whistle     uuid        NOT NULL,
    recipient   text        NOT NULL,      -- a seat
    channel     text        NOT NULL,
    kind        text        NOT NULL,      -- assigned, warn, climbed, supervision …
    urgent      boolean     NOT NULL,
    status      text        NOT NULL,      -- pending, sent, failed, skipped
    tries       smallint    NOT NULL,
    next_try_at timestamptz,
    created_at  timestamptz NOT NULL,
    UNIQUE (event, recipient, channel)
) WITH (fillfactor = 80);
CREATE INDEX notice_due ON notice (urgent DESC, next_try_at) WHERE status = 'pending';
CREATE INDEX notice_whistle ON notice (whistle);

CREATE TABLE delivery (                    -- the delivery ledger: one row per attempt
    notice uuid        NOT NULL,
    nth    smallint    NOT NULL,
    at     timestamptz NOT NULL,
    ok     boolean     NOT NULL,
    detail text        NOT NULL,
    PRIMARY KEY (notice, nth)
);

CREATE TABLE dead_letter (
    id          uuid PRIMARY KEY,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    position    bigint      NOT NULL,      -- offset of the record
    record_time timestamptz NOT NULL,
    key         bytea,
    headers     jsonb       NOT NULL,
    value       bytea,                     -- NULL: erased by the retention table
    reason      text        NOT NULL,      -- undecodable, unknown-type, newer-version, forbidden-source, rejected
    error       text        NOT NULL,
    status      text        NOT NULL,      -- waiting, replayed, discarded, raised
    tries       smallint    NOT NULL,
    next_try_at timestamptz,
    at          timestamptz NOT NULL,
    decided_by  text,
    decided_at  timestamptz,
    why         text,
    UNIQUE (topic, partition, position, record_time)
);
CREATE INDEX dead_letter_due ON dead_letter (next_try_at) WHERE status = 'waiting' AND next_try_at IS NOT NULL;

CREATE TABLE foreign_message (             -- what other systems sent: known for ever by (source, ce_id)
    source  text NOT NULL,
    ce_id   text NOT NULL,
    whistle uuid NOT NULL,
    at      timestamptz NOT NULL,
    PRIMARY KEY (source, ce_id)
);

CREATE TABLE snapshot (                    -- gauges computed once, read by every scrape
    name text PRIMARY KEY,
    at   timestamptz NOT NULL,
    data jsonb NOT NULL
);
