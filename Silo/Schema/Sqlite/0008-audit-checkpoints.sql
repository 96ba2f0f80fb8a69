-- Signed checkpoints of each account's audit log (docs/formats/audit.md); the empty account is the service's own.
CREATE TABLE audit_checkpoints (
    account_id       TEXT    NOT NULL,
    number           INTEGER NOT NULL CHECK (number > 0),
    at               TEXT    NOT NULL,
    through_position INTEGER NOT NULL,
    entries          INTEGER NOT NULL,
    head             BLOB    NOT NULL CHECK (length(head) = 32),
    previous_hash    BLOB    NOT NULL CHECK (length(previous_hash) = 32),
    key_id           BLOB    NOT NULL CHECK (length(key_id) = 32),
    signature        BLOB    NOT NULL,
    hash             BLOB    NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, number)
);
CREATE INDEX audit_checkpoints_by_position ON audit_checkpoints (through_position);

CREATE TRIGGER audit_checkpoints_keep_rows BEFORE DELETE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_checkpoints_keep_words BEFORE UPDATE ON audit_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
