-- A wait between rungs counts on the district's calendar; a clock on a unit's own must say on which version of it.
ALTER TABLE whistle_clock ADD COLUMN waits_on text;     -- code@revision; NULL: on `calendar`, or nothing waits
-- what waits already began before this was kept: on which one is not known, and the one in force stands for it
UPDATE whistle_clock SET waits_on = ''
WHERE rung > 0 AND running_since IS NOT NULL AND answered_at IS NULL AND fires_at IS NOT NULL
  AND split_part(calendar, '@', 1) <> 'district';
