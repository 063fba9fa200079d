"""How a district's YAML files become validated documents, and documents the reference data."""
