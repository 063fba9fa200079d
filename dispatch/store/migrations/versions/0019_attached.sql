-- A photo that nothing shows is cleared away; what was uploaded before this was kept counts as shown, and so does what
-- a version that does not say it uploads.
ALTER TABLE photo ADD COLUMN attached boolean NOT NULL DEFAULT true;
CREATE INDEX photo_unattached ON photo (at) WHERE NOT attached;
