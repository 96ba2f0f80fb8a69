using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>One PostgreSQL server for every test that needs one.</summary>
[CollectionDefinition(Name)]
public sealed class PostgresCollection : ICollectionFixture<PostgresDatabases>
{
    public const string Name = "postgres";
}
