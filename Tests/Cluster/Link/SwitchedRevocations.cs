using Tidegate.Grains.Security;
using Tidegate.Silo.Link;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The real revocations, unless they are switched away as by a failure of the state store.</summary>
internal sealed class SwitchedRevocations(IRevocationStore real) : IRevocationStore
{
    private volatile bool _isAway;
    private volatile TaskCompletionSource _read = New();

    public bool IsAway
    {
        get => _isAway;
        set => _isAway = value;
    }

    /// <summary>Completes with the end of a read that begins from now on, whether it succeeds or not.</summary>
    public Task NextReadAsync() => _read.Task.OrHungAsync();

    public Task AddAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken) => real.AddAsync(certificates, cancellationToken);

    public async Task<IReadOnlyList<Revocation>> ReadAfterAsync(long position, int limit, CancellationToken cancellationToken)
    {
        var read = Interlocked.Exchange(ref _read, New());
        try
        {
            return _isAway ? throw new IOException("The state store is away.") : await real.ReadAfterAsync(position, limit, cancellationToken);
        }
        finally
        {
            read.TrySetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
