-- Repeats that wait for a person: read by district, and from either whistle of a pair; who decided, and when, is kept.
ALTER TABLE merge_proposal ADD COLUMN IF NOT EXISTS district text;            -- NULL: proposed by an older program
ALTER TABLE merge_proposal ADD COLUMN IF NOT EXISTS decided_by text;
ALTER TABLE merge_proposal ADD COLUMN IF NOT EXISTS decided_at timestamptz;
UPDATE merge_proposal p SET district = w.district FROM whistle w WHERE w.id = p.whistle AND p.district IS NULL;
DROP INDEX CONCURRENTLY IF EXISTS merge_proposal_waiting;
CREATE INDEX CONCURRENTLY merge_proposal_waiting ON merge_proposal (district, at DESC, score DESC, whistle)
    WHERE status = 'proposed';
DROP INDEX CONCURRENTLY IF EXISTS merge_proposal_into;
CREATE INDEX CONCURRENTLY merge_proposal_into ON merge_proposal (into_whistle) WHERE status = 'proposed';
