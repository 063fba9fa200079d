"""A synthetic year on a virtual clock: the same domain and steps, a scratch database, nobody sleeps."""
