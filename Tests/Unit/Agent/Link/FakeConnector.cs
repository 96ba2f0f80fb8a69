using System.Threading.Channels;
using Tidegate.GatewayAgent.Link;

namespace Tidegate.Tests.Unit.Agent.Link;

/// <summary>Hands out numbered connections, or the failures that were queued.</summary>
internal sealed class FakeConnector : ILinkConnector
{
    private readonly Channel<FakeConnection> _made = Channel.CreateUnbounded<FakeConnection>();

    private TaskCompletionSource _renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Queue<Exception> Failures { get; } = new();

    /// <summary>Asked at each attempt for its failure; null for none.</summary>
    public Func<Exception?>? Failing { get; set; }

    public int Attempts { get; private set; }

    /// <summary>True from the moment a connection was handed out until it is taken: seen without a hop to another thread, while its deadline has hardly begun.</summary>
    public bool HasNext => _made.Reader.Count > 0;

    /// <summary>Connections up to this number are to be handed over, their certificate being renewed.</summary>
    public int Outdated
    {
        get;
        set
        {
            field = value;
            Interlocked.Exchange(ref _renewed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }

    public async Task WhenRenewedAsync(ILinkConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            var renewed = _renewed.Task;
            if (((FakeConnection)connection).Number <= Outdated) return;
            await renewed.WaitAsync(cancellationToken);
        }
    }

    public async Task<FakeConnection> NextAsync() => await _made.Reader.ReadAsync();

    public Task<ILinkConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        Attempts++;
        if (Failures.TryDequeue(out var failure) || (failure = Failing?.Invoke()) is not null) throw failure;
        var connection = new FakeConnection(Attempts);
        _made.Writer.TryWrite(connection);
        return Task.FromResult<ILinkConnection>(connection);
    }
}
