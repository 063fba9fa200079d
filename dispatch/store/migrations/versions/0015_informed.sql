-- Whistles that a unit is only informed of stand in no queue; they are found by this.
CREATE INDEX assignment_informed ON assignment (unit, whistle) WHERE role = 'inform';
