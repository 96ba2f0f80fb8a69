using Tidegate.Tests.Cluster.StateStores;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

[Collection(PostgresCollection.Name)]
public sealed class PostgresSiloTests(PostgresSiloTests.Postgres fixture) : SiloContract(fixture), IClassFixture<PostgresSiloTests.Postgres>
{
    public sealed class Postgres(PostgresDatabases databases) : Fixture
    {
        protected override async Task<Dictionary<string, string?>> SettingsAsync() => new()
        {
            ["Tidegate:State:Directory"] = Directory,
            ["Tidegate:State:Provider"] = "postgres",
            ["Tidegate:State:ConnectionString"] = await databases.CreateAsync(),
        };
    }
}
