-- When somebody proved in this session again that it is them; for a while that need not be asked once more.
ALTER TABLE web_session ADD COLUMN proved_at timestamptz;
