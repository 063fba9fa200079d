"""What every page shares: the frame around it, landing, display settings, static files, the gallery."""
