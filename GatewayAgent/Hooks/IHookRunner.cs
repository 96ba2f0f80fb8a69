namespace Tidegate.GatewayAgent.Hooks;

/// <summary>Runs one command of the customer's.</summary>
internal interface IHookRunner
{
    /// <summary>
    /// Runs it to its end, and never longer than <paramref name="limit"/>: then it and everything that it started are killed. Empty when it ended
    /// with status 0, otherwise what went wrong, for people. Cancelling kills it as well.
    /// </summary>
    Task<string> RunAsync(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, TimeSpan limit, CancellationToken cancellationToken);
}
