"""层级督办: what reached a person in charge, one question each, and who helps on the rungs below."""
