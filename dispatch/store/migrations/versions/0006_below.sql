-- What a unit was called to one table for; what is solved below the street first.
CREATE INDEX request_table ON request USING gin ((data -> 'units')) WHERE kind = 'consultation';
CREATE INDEX whistle_state_local ON whistle_state (id) WHERE status = 'local';
