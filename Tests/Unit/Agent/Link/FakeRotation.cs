using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Tests.Unit.Agent.Link;

/// <summary>Rotates when the test says so.</summary>
internal sealed class FakeRotation : ICredentialRotation
{
    public TaskCompletionSource<CredentialRotated> Rotated { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<CredentialRotated> RotateAsync(IReadOnlyList<string> replaced, CancellationToken cancellationToken) => Rotated.Task.WaitAsync(cancellationToken);
}
