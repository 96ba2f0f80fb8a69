using System.Data.Common;

namespace Tidegate.Silo.Schema;

/// <summary>Source of <see cref="SqliteStateConnection"/>s, for Orleans' providers and for our own tables alike.</summary>
internal sealed class SqliteStateSource(string connectionString) : DbDataSource
{
    public override string ConnectionString => connectionString;

    protected override DbConnection CreateDbConnection() => new SqliteStateConnection(connectionString);
}
