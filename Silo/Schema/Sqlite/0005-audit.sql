-- The audit log: every outbox entry, for ever, in the order of arrival (position) and of its aggregate (number).
-- `at` is UTC with seven digits (2026-01-31T12:00:00.0000000Z), because the hash covers the exact time.
CREATE TABLE audit_log (
    position      INTEGER PRIMARY KEY AUTOINCREMENT,
    aggregate     TEXT    NOT NULL,
    number        INTEGER NOT NULL CHECK (number > 0),
    account_id    TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    at            TEXT    NOT NULL,
    actor_id      TEXT    NOT NULL,
    body          TEXT    NOT NULL,
    previous_hash BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    hash          BLOB    NOT NULL CHECK (length(hash) = 32),
    UNIQUE (aggregate, number)
);
CREATE INDEX audit_log_by_account ON audit_log (account_id, position);

CREATE TRIGGER audit_log_keeps_rows BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_log_keeps_words BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

-- Events for other systems: the same entries, which may be pruned once they were consumed.
CREATE TABLE events (
    position   INTEGER NOT NULL PRIMARY KEY REFERENCES audit_log (position),
    aggregate  TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    account_id TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    at         TEXT    NOT NULL,
    body       TEXT    NOT NULL
);
