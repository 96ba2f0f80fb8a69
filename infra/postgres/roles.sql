-- The two roles of a Tidegate database. Run once in the empty database by its administrator:
--     psql -d tidegate -f roles.sql
-- tidegate_owner owns the tables and runs `Tidegate.Silo migrate`; tidegate_silo is the silos' own role, which may change
-- rows and no table, and so cannot switch off the triggers that keep the audit log append-only. Silos then run with
-- Tidegate:State:MigrateAtStart=false. Passwords or certificates are the administrator's to add (ALTER ROLE ... PASSWORD).
DO $roles$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tidegate_owner') THEN
        CREATE ROLE tidegate_owner LOGIN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tidegate_silo') THEN
        CREATE ROLE tidegate_silo LOGIN;
    END IF;
END
$roles$;

-- Silos refuse to start when confirmed writes could be lost; this keeps a server-wide default from doing that to them.
ALTER ROLE tidegate_owner SET synchronous_commit = on;
ALTER ROLE tidegate_silo SET synchronous_commit = on;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO tidegate_owner;
GRANT USAGE ON SCHEMA public TO tidegate_silo;

ALTER DEFAULT PRIVILEGES FOR ROLE tidegate_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tidegate_silo;
ALTER DEFAULT PRIVILEGES FOR ROLE tidegate_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO tidegate_silo;
