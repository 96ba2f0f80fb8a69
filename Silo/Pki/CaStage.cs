namespace Tidegate.Silo.Pki;

/// <summary>Where a CA is in its life (<c>docs/protocols/link.md</c>, CA rollover).</summary>
public enum CaStage
{
    /// <summary>Trusted, and issues nothing yet.</summary>
    Next,
    /// <summary>Trusted, and issues everything. There is always exactly one.</summary>
    Current,
    /// <summary>Trusted, and issues nothing any more.</summary>
    Former,
}
