-- 挂账清单 and the desk's requests are read without a scan of what is open.
CREATE INDEX whistle_state_held ON whistle_state (district, id) WHERE status = 'on-hold';
CREATE INDEX request_waiting ON request (kind, whistle) WHERE status = 'pending';
