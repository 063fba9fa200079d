"""待办: a unit's queue by what falls due first, and acts on many of its whistles at once."""
