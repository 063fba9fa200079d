-- Who made an API token, why, if it was not the person it acts for, and when that person saw it.
ALTER TABLE api_token ADD COLUMN made_by text;          -- NULL: the command line, or before this was kept
ALTER TABLE api_token ADD COLUMN reason  text;
ALTER TABLE api_token ADD COLUMN seen_at timestamptz;
