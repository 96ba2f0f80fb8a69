using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

public sealed class SqliteSiloTests(SqliteSiloTests.Sqlite fixture) : SiloContract(fixture), IClassFixture<SqliteSiloTests.Sqlite>
{
    public sealed class Sqlite : Fixture
    {
        protected override Task<Dictionary<string, string?>> SettingsAsync() =>
            Task.FromResult(new Dictionary<string, string?> { ["Tidegate:State:Directory"] = Directory });
    }
}
