namespace Tidegate.GatewayAgent.Link;

/// <summary>How a held link ended.</summary>
/// <param name="Reason">For people.</param>
/// <param name="HeldFor">How long it was held; zero when it was never accepted.</param>
/// <param name="IsFinal">True when another instance took over: this one must not come back by itself (M1.7).</param>
/// <param name="MayReopen">True when the stream alone ended and the connection still stands.</param>
internal readonly record struct LinkEnd(string Reason, TimeSpan HeldFor, bool IsFinal, bool MayReopen = false);
