using System.Reflection;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

public sealed class EnumerationOwnersTests
{
    private readonly EnumerationOwners _owners = new();
    private readonly IGrainContext _activation = NewActivation();

    [Fact]
    public void Only_the_owner_goes_on_and_only_until_the_end()
    {
        var id = Guid.NewGuid();
        Assert.True(_owners.TryStart(_activation, id, Token("a", "AA")));
        Assert.False(_owners.TryStart(_activation, id, Token("b", "BB")));
        Assert.True(_owners.IsOwner(_activation, id, "a"));
        Assert.False(_owners.IsOwner(_activation, id, "b"));
        Assert.False(_owners.IsOwner(NewActivation(), id, "a"));
        _owners.End(_activation, id);
        Assert.False(_owners.IsOwner(_activation, id, "a"));
    }

    [Fact]
    public void Enumerations_of_dead_clients_give_way_oldest_first()
    {
        var ids = Enumerable.Range(0, EnumerationOwners.MaxPerActivation + 1).Select(_ => Guid.NewGuid()).ToArray();
        foreach (var id in ids) Assert.True(_owners.TryStart(_activation, id, Token("a", "AA")));
        Assert.False(_owners.IsOwner(_activation, ids[0], "a"));
        Assert.All(ids[1..], id => Assert.True(_owners.IsOwner(_activation, id, "a")));
    }

    [Fact]
    public void What_a_certificate_has_running_is_found_on_every_activation()
    {
        var (other, mine, foreign) = (NewActivation(), Guid.NewGuid(), Guid.NewGuid());
        Assert.True(_owners.TryStart(_activation, mine, Token("a", "AA")));
        Assert.True(_owners.TryStart(other, mine, Token("c", "aa")));
        Assert.True(_owners.TryStart(other, foreign, Token("b", "BB")));
        Assert.Equal([mine, mine], _owners.OwnedBy("AA").Select(running => running.Enumeration));
        _owners.End(other, mine);
        Assert.Equal((_activation, mine), Assert.Single(_owners.OwnedBy("AA")));
    }

    [Fact]
    public void What_an_API_key_has_running_is_found_and_what_runs_past_its_certificate()
    {
        var (ended, going) = (Guid.NewGuid(), Guid.NewGuid());
        var end = DateTimeOffset.UnixEpoch.AddYears(60);
        Assert.True(_owners.TryStart(_activation, ended, Token("a", "AA", end)));
        Assert.True(_owners.TryStart(_activation, going, Token("a", "BB", end.AddSeconds(1))));
        Assert.Equal(2, _owners.OwnedBy("KEY-A").Count);
        Assert.Empty(_owners.Expired(end.AddSeconds(-1)));
        Assert.Equal((_activation, ended), Assert.Single(_owners.Expired(end)));
    }

    private static LinkToken Token(string client, string thumbprint, DateTimeOffset? end = null) =>
        new(new Caller(Role.Reader, "123456789012", "", "key-" + client), thumbprint, client, DateTimeOffset.MaxValue) { CertificateExpiresAt = end ?? DateTimeOffset.MaxValue };

    private static IGrainContext NewActivation() => DispatchProxy.Create<IGrainContext, Nobody>();

    /// <summary>An activation that nobody calls: it is a key.</summary>
    public class Nobody : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod?.Name == nameof(Equals) ? ReferenceEquals(this, args![0]) : throw new NotSupportedException();
    }
}
