-- The level of the place that a seat is of, as the tree has it; below the street, sessions on phones last longer.
ALTER TABLE seat ADD COLUMN level smallint;
