-- What a text is found by where no spaces part the words: every pair of neighbouring characters, and the last character
-- alone. Small letters are made of ASCII ones only, so that index and question agree under every locale of the server.
CREATE FUNCTION word_pairs(said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    signs text[] := string_to_array(lower(said COLLATE "C"), NULL);
    pairs text[];
BEGIN
    IF cardinality(signs) = 0 THEN
        RETURN '';
    END IF;
    FOR i IN 1 .. cardinality(signs) - 1 LOOP
        pairs[i] := signs[i] || signs[i + 1];
    END LOOP;
    pairs[cardinality(signs)] := signs[cardinality(signs)];
    RETURN array_to_tsvector(pairs);
END $$;
