-- Half of the whistles get their category when they are routed, a moment after they were written. With room left on its
-- page the row is changed in place; without, every index gets it once more, the one of its words among them.
ALTER TABLE whistle SET (fillfactor = 70);
