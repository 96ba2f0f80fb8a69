using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Options;

/// <summary>Where state is kept. Section <c>Tidegate:State</c>.</summary>
public sealed class StateOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:State";

    /// <summary>Directory of this silo's own files: keys, the SQLite database, blobs by default. Created when absent, mode 0700. Required.</summary>
    public string Directory { get; set; } = "";

    /// <summary>Database; SQLite unless said otherwise.</summary>
    public StateProvider Provider { get; set; } = StateProvider.Sqlite;

    /// <summary>ADO.NET connection string. Required for PostgreSQL; for SQLite it defaults to <c>state.db</c> in <see cref="Directory"/>.</summary>
    public Secret ConnectionString { get; set; } = Secret.None;

    /// <summary>
    /// Whether <c>run</c> brings the schema up to date. True by default; false where the running role may not change tables,
    /// and <c>Tidegate.Silo migrate</c> is run by another.
    /// </summary>
    public bool MigrateAtStart { get; set; } = true;

    /// <summary>How long one statement may wait for the database, in seconds: 1 to 300, 30 by default.</summary>
    public int CommandTimeoutSeconds { get; set; } = 30;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Directory))
            yield return $"{Section}:Directory is missing; give a directory that only the silo's user can read (option --state).";
        if (!Enum.IsDefined(Provider))
            yield return $"{Section}:Provider is '{Provider}'; it must be 'sqlite' or 'postgres'.";
        if (Provider == StateProvider.Postgres && ConnectionString.IsEmpty)
            yield return $"{Section}:ConnectionString is missing; PostgreSQL needs one, for example 'Host=db;Database=tidegate;Username=tidegate'.";
        if (CommandTimeoutSeconds is < 1 or > 300)
            yield return $"{Section}:CommandTimeoutSeconds is {CommandTimeoutSeconds}; it must be 1 to 300.";
    }
}
