namespace Tidegate.Silo.Link;

/// <summary>Which layer noticed a breach (<c>docs/protocols/link.md</c>).</summary>
internal enum BreachLayer
{
    /// <summary>TLS and the number of connections.</summary>
    Port,

    /// <summary>The frame guard.</summary>
    Frame,

    /// <summary>The call filter.</summary>
    Call,
}
