-- An emergency that no unit has stands first in the queue of the unit that is informed of it, until it is assigned.
UPDATE assignment a SET active = true, stage = 'dispatch', due_at = '1970-01-01 00:00:00+00'
FROM whistle_state s JOIN whistle w ON w.id = s.id
WHERE s.status = 'at-desk' AND w.kind = 'emergency'
  AND a.whistle = s.id AND a.gen = s.gen AND a.role = 'inform' AND a.status <> 'released';
