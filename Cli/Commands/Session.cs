using Tidegate.Cli.Output;
using Tidegate.Client.Rest;

namespace Tidegate.Cli.Commands;

/// <summary>One command's use of the API.</summary>
internal sealed class Session(TidegateRestClient client, Printer printer, TimeProvider time) : IDisposable
{
    public TidegateRestClient Client { get; } = client;

    public Printer Printer { get; } = printer;

    /// <summary>Turns names into ids.</summary>
    public ResourceNames Names { get; } = new(client);

    /// <summary>Carries out <c>--wait</c>.</summary>
    public Waiting Waiting { get; } = new(client, printer, time);

    public void Dispose() => Client.Dispose();
}
