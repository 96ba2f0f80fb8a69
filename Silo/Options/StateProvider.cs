namespace Tidegate.Silo.Options;

/// <summary>Database that holds grain state, membership, reminders, the audit log and the projections.</summary>
public enum StateProvider
{
    /// <summary>A file in the state directory: one machine, one silo, no set-up.</summary>
    Sqlite = 0,
    /// <summary>A PostgreSQL server, 15 or newer: production, many silos.</summary>
    Postgres = 1,
}
