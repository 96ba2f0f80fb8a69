-- What lists and searches read: one row per gateway, volume, snapshot, account and API key, with the entry that last changed it.
-- Rows of deleted resources stay, marked, so that an older entry can never bring one back.
CREATE TABLE resources (
    id         TEXT    NOT NULL PRIMARY KEY,
    kind       TEXT    NOT NULL,
    account_id TEXT    NOT NULL,
    parent_id  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    created_at TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    body       TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX resources_by_age ON resources (kind, account_id, created_at, id) WHERE deleted = 0;
CREATE INDEX resources_by_parent ON resources (kind, parent_id, created_at, id) WHERE deleted = 0;
CREATE INDEX resources_by_name ON resources (kind, account_id, name, created_at, id) WHERE deleted = 0;

-- The shape of the rows above, and the audit position through which they were last rebuilt; later entries were applied
-- in the transaction that appended them.
CREATE TABLE projection_offset (
    projection TEXT    NOT NULL PRIMARY KEY,
    shape      INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    rebuilt_at TEXT    NOT NULL
) WITHOUT ROWID;
