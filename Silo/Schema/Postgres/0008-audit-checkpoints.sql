-- Signed checkpoints of each account's audit log (docs/formats/audit.md); the empty account is the service's own.
CREATE TABLE audit_checkpoints (
    account_id       text   NOT NULL,
    number           bigint NOT NULL CHECK (number > 0),
    at               text   NOT NULL,
    through_position bigint NOT NULL,
    entries          bigint NOT NULL,
    head             bytea  NOT NULL CHECK (length(head) = 32),
    previous_hash    bytea  NOT NULL CHECK (length(previous_hash) = 32),
    key_id           bytea  NOT NULL CHECK (length(key_id) = 32),
    signature        bytea  NOT NULL,
    hash             bytea  NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, number)
);
CREATE INDEX audit_checkpoints_by_position ON audit_checkpoints (through_position);
CREATE TRIGGER audit_checkpoints_keep_rows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
