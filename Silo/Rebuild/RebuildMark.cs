using System.Globalization;
using Dapper;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Rebuild;

/// <summary>
/// A row that says that the database is being rebuilt: no silo starts on half of a state. Kept beside the projections' own rows.
/// </summary>
internal sealed class RebuildMark(StateStore store, TimeProvider time)
{
    private const string Name = "rebuild-state";

    /// <summary>Sets the mark. Throws <see cref="SchemaException"/> when the database holds anything that no unfinished rebuild put there.</summary>
    public Task BeginAsync(CancellationToken cancellationToken) => store.WriteAsync(
        async (connection, transaction) =>
        {
            if (await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM projection_offset WHERE projection = @Name", new { Name }, transaction) > 0) return true;
            var states = await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM OrleansStorage", transaction: transaction);
            var entries = await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM audit_log", transaction: transaction);
            if (states + entries > 0)
                throw new SchemaException($"The state database is not empty: it holds {states} states and {entries} audit entries. A rebuild fills an empty one; move this one away first.");
            await connection.ExecuteAsync(
                "INSERT INTO projection_offset (projection, shape, position, rebuilt_at) VALUES (@Name, 0, 0, @at)",
                new { Name, at = time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture) },
                transaction);
            return true;
        },
        cancellationToken);

    /// <summary>Takes the mark away.</summary>
    public Task EndAsync(CancellationToken cancellationToken) => store.WriteAsync(
        (connection, transaction) => connection.ExecuteAsync("DELETE FROM projection_offset WHERE projection = @Name", new { Name }, transaction), cancellationToken);

    /// <summary>Throws <see cref="SchemaException"/> when a rebuild is unfinished.</summary>
    public static Task CheckAsync(StateStore store, CancellationToken cancellationToken) => store.ReadAsync(
        async connection => await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM projection_offset WHERE projection = @Name", new { Name }) == 0
            ? true
            : throw new SchemaException("The state database is being rebuilt and is not whole. Run `Tidegate.Silo rebuild-state` again with the same options; it goes on where it stopped."),
        cancellationToken);
}
