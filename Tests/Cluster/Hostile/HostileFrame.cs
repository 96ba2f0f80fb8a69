namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>A frame to be written as Orleans would, whatever it says.</summary>
/// <param name="Name">What a failure calls it.</param>
/// <param name="Target">To whom.</param>
/// <param name="Expected">What must become of it; <see cref="Fate.Refused"/> allows closing the connection as well.</param>
internal sealed record HostileFrame(string Name, GrainId Target, Fate Expected)
{
    /// <summary>Null for the client itself.</summary>
    public GrainId? Sender { get; init; }

    /// <summary>1 request, 2 response, 3 one-way.</summary>
    public int Direction { get; init; } = 1;

    /// <summary>Kind of a response.</summary>
    public int Result { get; init; }

    public long Id { get; init; } = 1;

    public SiloAddress? TargetSilo { get; init; }

    /// <summary>What the header says the call belongs to.</summary>
    public GrainInterfaceType Interface { get; init; }

    public object? Body { get; init; }

    /// <summary>Entries of the request context besides the client's own token.</summary>
    public IReadOnlyDictionary<string, object> Context { get; init; } = new Dictionary<string, object>();

    /// <summary>Whose place in the caches of grain addresses is to be forgotten.</summary>
    public GrainAddress? Invalidates { get; init; }
}
