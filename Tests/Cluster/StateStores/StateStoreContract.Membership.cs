using System.Net;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>The membership half.</summary>
public abstract partial class StateStoreContract
{
    private static readonly DateTime MembershipTime = new(2026, 3, 4, 5, 6, 7, 890, DateTimeKind.Utc);

    [Fact]
    public async Task Membership_starts_empty_at_version_zero()
    {
        var table = await Providers.Membership.ReadAllAsync();
        Assert.Empty(table.Members);
        Assert.Equal(0, table.Version.Version);
    }

    [Fact]
    public async Task A_silo_is_inserted_once_and_read_back()
    {
        var entry = Entry(1);
        Assert.True(await Providers.Membership.InsertRowAsync(entry, await NextVersionAsync()));
        Assert.False(await Providers.Membership.InsertRowAsync(entry, await NextVersionAsync()));

        var (read, _) = Assert.Single((await Providers.Membership.ReadAllAsync()).Members);
        Assert.Equal(entry.SiloAddress, read.SiloAddress);
        Assert.Equal((entry.SiloName, entry.HostName, entry.Status, entry.ProxyPort), (read.SiloName, read.HostName, read.Status, read.ProxyPort));
        Assert.Equal(entry.StartTime, DateTime.SpecifyKind(read.StartTime, DateTimeKind.Utc));
        Assert.Equal(1, (await Providers.Membership.ReadAllAsync()).Version.Version);
    }

    [Fact]
    public async Task A_change_at_an_old_version_is_refused_whole()
    {
        var version = await NextVersionAsync();
        Assert.True(await Providers.Membership.InsertRowAsync(Entry(1), version));
        Assert.False(await Providers.Membership.InsertRowAsync(Entry(2), version));

        var table = await Providers.Membership.ReadAllAsync();
        var dead = Entry(1);
        dead.Status = SiloStatus.Dead;
        Assert.False(await Providers.Membership.UpdateRowAsync(dead, table.Members[0].Item2, version));
        Assert.Equal(SiloStatus.Active, Assert.Single((await Providers.Membership.ReadAllAsync()).Members).Item1.Status);
        Assert.Equal(1, (await Providers.Membership.ReadAllAsync()).Version.Version);
    }

    [Fact]
    public async Task A_silo_is_updated_with_its_suspicions()
    {
        await Providers.Membership.InsertRowAsync(Entry(1), await NextVersionAsync());
        var changed = Entry(1);
        changed.Status = SiloStatus.ShuttingDown;
        changed.AddSuspector(Entry(2).SiloAddress, MembershipTime);
        var table = await Providers.Membership.ReadRowAsync(changed.SiloAddress);
        Assert.True(await Providers.Membership.UpdateRowAsync(changed, table.Members[0].Item2, await NextVersionAsync()));

        var (read, _) = Assert.Single((await Providers.Membership.ReadRowAsync(changed.SiloAddress)).Members);
        Assert.Equal(SiloStatus.ShuttingDown, read.Status);
        Assert.Equal(Entry(2).SiloAddress, Assert.Single(read.SuspectTimes!).Item1);
    }

    [Fact]
    public async Task A_silo_never_inserted_cannot_be_updated()
    {
        Assert.False(await Providers.Membership.UpdateRowAsync(Entry(9), "0", await NextVersionAsync()));
        var table = await Providers.Membership.ReadRowAsync(Entry(9).SiloAddress);
        Assert.Empty(table.Members);
        Assert.Equal(0, table.Version.Version);
    }

    [Fact]
    public async Task Sign_of_life_changes_no_version()
    {
        await Providers.Membership.InsertRowAsync(Entry(1), await NextVersionAsync());
        var alive = Entry(1);
        alive.IAmAliveTime = MembershipTime.AddMinutes(5);
        await Providers.Membership.UpdateIAmAliveAsync(alive);

        var table = await Providers.Membership.ReadAllAsync();
        Assert.Equal(alive.IAmAliveTime, DateTime.SpecifyKind(table.Members[0].Item1.IAmAliveTime, DateTimeKind.Utc));
        Assert.Equal(1, table.Version.Version);
    }

    [Fact]
    public async Task Of_silos_that_join_at_the_same_version_exactly_one_enters_each_round()
    {
        const int silos = 8;
        var waiting = Enumerable.Range(1, silos).ToList();
        for (var round = 1; round <= silos; round++)
        {
            var version = await NextVersionAsync();
            var entered = await Task.WhenAll(waiting.Select(silo =>
                Task.Run(async () => (silo, Entered: await Providers.Membership.InsertRowAsync(Entry(silo), version)))));
            waiting.Remove(Assert.Single(entered, outcome => outcome.Entered).silo);
            Assert.Equal(round, (await Providers.Membership.ReadAllAsync()).Version.Version);
        }

        Assert.Equal(silos, (await Providers.Membership.ReadAllAsync()).Members.Count);
    }

    [Fact]
    public async Task Only_dead_and_old_silos_are_forgotten()
    {
        foreach (var (number, status, age) in new[] { (1, SiloStatus.Dead, 10), (2, SiloStatus.Dead, 0), (3, SiloStatus.Active, 10) })
        {
            var entry = Entry(number);
            entry.Status = status;
            entry.IAmAliveTime = MembershipTime.AddDays(-age);
            await Providers.Membership.InsertRowAsync(entry, await NextVersionAsync());
        }

        await Providers.Membership.CleanupDefunctSiloEntriesAsync(new DateTimeOffset(MembershipTime.AddDays(-1)));

        var kept = (await Providers.Membership.ReadAllAsync()).Members.Select(member => member.Item1.SiloAddress.Endpoint.Port).Order();
        Assert.Equal([Entry(2).SiloAddress.Endpoint.Port, Entry(3).SiloAddress.Endpoint.Port], kept);
    }

    [Fact]
    public async Task A_cluster_is_deleted_with_its_silos()
    {
        await Providers.Membership.InsertRowAsync(Entry(1), await NextVersionAsync());
        await Providers.Membership.DeleteMembershipTableEntriesAsync("test");
        await Providers.Membership.InitializeMembershipTableAsync(true);
        Assert.Empty((await Providers.Membership.ReadAllAsync()).Members);
    }

    private async Task<TableVersion> NextVersionAsync() => (await Providers.Membership.ReadAllAsync()).Version.Next();

    private static MembershipEntry Entry(int number) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 11000 + number, 77),
        SiloName = $"silo-{number}",
        HostName = "host",
        Status = SiloStatus.Active,
        ProxyPort = 30000 + number,
        StartTime = MembershipTime,
        IAmAliveTime = MembershipTime,
    };
}
