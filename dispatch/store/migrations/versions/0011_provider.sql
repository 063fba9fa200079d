-- Who somebody is at another provider (OpenID Connect).
CREATE TABLE provider_identity (
    issuer  text NOT NULL,
    subject text NOT NULL,
    person  text NOT NULL REFERENCES person,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX provider_identity_person ON provider_identity (person);
