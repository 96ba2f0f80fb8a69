using Tidegate.Grains.Interfaces.Accounts;

namespace Tidegate.Grains.Accounts;

/// <summary>A rotation of an account's key, as far as it has come.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.state.key-rotation")]
internal sealed record KeyRotation
{
    /// <summary>Generation of the account key that everything is put under.</summary>
    [Id(0)] public int Generation { get; init; }

    /// <summary>Service time of the request.</summary>
    [Id(1)] public DateTimeOffset StartedAt { get; init; }

    /// <summary>What is being done.</summary>
    [Id(2)] public KeyRotationStage Stage { get; init; }

    /// <summary>The last volume, in the order of ids, that this pass has seen to; empty before the first.</summary>
    [Id(3)] public string Through { get; init; } = "";

    /// <summary>Volumes that this pass has seen to.</summary>
    [Id(4)] public int Volumes { get; init; }

    /// <summary>Volumes that this pass has to see to; 0 before they are listed.</summary>
    [Id(5)] public int TotalVolumes { get; init; }

    /// <summary>Keys wrapped again, in all passes.</summary>
    [Id(6)] public int Keys { get; init; }

    /// <summary>Keys wrapped again in this pass.</summary>
    [Id(7)] public int KeysInPass { get; init; }

    /// <summary>What failed last in this pass; empty while nothing has.</summary>
    [Id(8)] public string Problem { get; init; } = "";

    /// <summary>When the next pass begins; null while one runs.</summary>
    [Id(9)] public DateTimeOffset? NextPassAt { get; init; }

    /// <summary>Service time of the end; null while it is under way.</summary>
    [Id(10)] public DateTimeOffset? CompletedAt { get; init; }
}
