-- What lists and searches read: one row per gateway, volume, snapshot, account and API key, with the entry that last changed it.
-- Rows of deleted resources stay, marked, so that an older entry can never bring one back.
CREATE TABLE resources (
    id         text    NOT NULL PRIMARY KEY,
    kind       text    NOT NULL,
    account_id text    NOT NULL,
    parent_id  text    NOT NULL,
    name       text    NOT NULL,
    created_at text    NOT NULL,
    number     bigint  NOT NULL,
    deleted    integer NOT NULL,
    body       text    NOT NULL
);
CREATE INDEX resources_by_age ON resources (kind, account_id, created_at, id) WHERE deleted = 0;
CREATE INDEX resources_by_parent ON resources (kind, parent_id, created_at, id) WHERE deleted = 0;
CREATE INDEX resources_by_name ON resources (kind, account_id, name, created_at, id) WHERE deleted = 0;

-- The shape of the rows above, and the audit position through which they were last rebuilt; later entries were applied
-- in the transaction that appended them.
CREATE TABLE projection_offset (
    projection text    NOT NULL PRIMARY KEY,
    shape      integer NOT NULL,
    position   bigint  NOT NULL,
    rebuilt_at text    NOT NULL
);
