"""My account: where I am signed in, my password, my second factor; the pages between password and home."""
