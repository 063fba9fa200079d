-- The rules as text: what each version was written like, and changes that one person proposes and another decides.
ALTER TABLE reference_document ADD COLUMN text text;       -- NULL: loaded before texts were kept
ALTER TABLE reference_document ADD COLUMN proposal uuid;   -- NULL: from files

CREATE TABLE rule_proposal (
    id          uuid PRIMARY KEY,
    district    text        NOT NULL,
    kind        text        NOT NULL,      -- duties, policies, words
    base        integer     NOT NULL,      -- the version it was written against
    text        text        NOT NULL,
    reason      text        NOT NULL,
    restores    integer,                   -- the version that it brings back
    draft       uuid,                      -- the remembered ruling that it came from
    proposed_by text        NOT NULL,
    seat        text        NOT NULL,
    proposed_at timestamptz NOT NULL,
    status      text        NOT NULL,      -- waiting, approved, declined, withdrawn
    decided_by  text,
    decided_at  timestamptz,
    decision    text,                      -- why it was declined, or what was said to it
    version     integer                    -- what it became
);
CREATE INDEX rule_proposal_waiting ON rule_proposal (district) WHERE status = 'waiting';
CREATE INDEX rule_proposal_of ON rule_proposal (district, kind, version);
