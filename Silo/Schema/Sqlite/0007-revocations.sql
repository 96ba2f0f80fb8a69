-- Gateway certificates that count no more, in the order of revocation: every silo reads on from the position it has. A row
-- goes when its certificate has expired. `expires_at` is UTC with seven digits, which compares as text.
CREATE TABLE revoked_certificates (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    thumbprint TEXT NOT NULL UNIQUE,
    expires_at TEXT NOT NULL
);
CREATE INDEX revoked_certificates_by_end ON revoked_certificates (expires_at);
