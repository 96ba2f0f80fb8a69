namespace Tidegate.Silo.Link;

/// <summary>A client broke a rule of the guarded port: the connection is closed and the breach reported.</summary>
internal sealed class LinkBreachException(string reason) : IOException(reason);
