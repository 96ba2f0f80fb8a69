-- The audit log: every outbox entry, for ever, in the order of arrival (position) and of its aggregate (number).
-- `at` is UTC with seven digits (2026-01-31T12:00:00.0000000Z), because the hash covers the exact time.
CREATE TABLE audit_log (
    position      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    aggregate     text   NOT NULL,
    number        bigint NOT NULL CHECK (number > 0),
    account_id    text   NOT NULL,
    kind          text   NOT NULL,
    at            text   NOT NULL,
    actor_id      text   NOT NULL,
    body          text   NOT NULL,
    previous_hash bytea  NOT NULL CHECK (length(previous_hash) = 32),
    hash          bytea  NOT NULL CHECK (length(hash) = 32),
    UNIQUE (aggregate, number)
);
CREATE INDEX audit_log_by_account ON audit_log (account_id, position);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$body$;
CREATE TRIGGER audit_log_keeps_rows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Events for other systems: the same entries, which may be pruned once they were consumed.
CREATE TABLE events (
    position   bigint NOT NULL PRIMARY KEY REFERENCES audit_log (position),
    aggregate  text   NOT NULL,
    number     bigint NOT NULL,
    account_id text   NOT NULL,
    kind       text   NOT NULL,
    at         text   NOT NULL,
    body       text   NOT NULL
);
