using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Storage;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Gateways;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Snapshots;
using Tidegate.Grains.Snapshots.Groups;
using Tidegate.Grains.Snapshots.Offers;
using Tidegate.Grains.Volumes;
using Tidegate.Grains.Volumes.Copies;
using Tidegate.Grains.Waking;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

/// <summary>No grain state grows with its children: each at its maximum, as it is stored, takes 64 KiB or less.</summary>
public sealed class StateSizeTests
{
    private const int MaxBytes = 64 * 1024;

    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    // Three bytes in UTF-8 for each character: the worst that text can do.
    private static string Text(int length) => new('€', length);

    private static readonly string Id = "vol-" + new string('f', 20);

    private static readonly OutboxState FullOutbox = new()
    {
        LastNumber = long.MaxValue,
        Pending = [.. Enumerable.Range(0, OutboxMachine.MaxPending).Select(_ => new OutboxEntry(
            long.MaxValue, new string('f', 64), "123456789012", "volume.snapshot-completed", At, "key-12345678901234567890",
            new string('x', OutboxMachine.MaxJsonLength), new byte[32], new byte[32]))],
    };

    private static readonly GatewayMetadata FullMetadata =
        new(Text(255), Text(128), Text(256), Text(64), Enumerable.Repeat(Text(64), 16).ToArray());

    private static readonly CopyRequest FullCopy = new(Id, "123456789012", Id, Id, long.MaxValue, At, Id, Text(VolumeMachine.MaxDescriptionLength));

    public static TheoryData<string> Names => [.. States.Keys];

    private static readonly Dictionary<string, object> States = new()
    {
        ["account"] = new AccountState { Name = new string('n', 63), Outbox = FullOutbox, Rotation = new KeyRotation { Through = Id, Problem = Text(200) } },
        ["api-key"] = new ApiKeyState { AccountId = "123456789012", Label = Text(128), Role = Role.AccountAdmin, SecretHash = new byte[32], Outbox = FullOutbox },
        ["user"] = new UserState
        {
            Name = Text(UserNames.MaxLength),
            AccountId = "123456789012",
            Password = new PasswordHash(new byte[16], int.MaxValue, new byte[32]),
            External = Text(512),
            Sessions = [.. Enumerable.Repeat(new SavedSession(new byte[32], new SessionOrigin(Text(64), Text(160)), At, At), UserMachine.MaxSessions)],
            Outbox = FullOutbox,
        },
        ["name"] = new NameState { ResourceId = Id },
        ["gateway"] = new GatewayState
        {
            AccountId = "123456789012",
            Name = new string('n', 63),
            TimeZone = Text(64),
            Metadata = FullMetadata,
            KeyFingerprint = Text(128),
            Outbox = FullOutbox,
            Certificates = [.. Enumerable.Repeat(new GatewayCertificate(new string('f', 64), At), CertificateRules.MaxLive)],
            Renewal = new RenewedCertificate(new string('f', 64), new string('f', 64), new IssuedCertificate(new string('p', 1200), new string('c', 2400), At)),
            Volumes = [.. Enumerable.Range(0, GatewayMachine.MaxVolumes).Select(i => new VolumeAttachment(Id + i, new string('n', 60) + i, long.MaxValue, Id + i))],
            InstanceId = Text(64),
            Bandwidth = new BandwidthLimits(
                long.MaxValue, long.MaxValue, Text(64),
                [.. Enumerable.Repeat(new BandwidthWindow(WeekDays.All, 1439, 1440, long.MaxValue, long.MaxValue), BandwidthLimits.MaxWindows)]),
            Alarms = [.. Enumerable.Range(0, GatewayMachine.MaxVolumes).Select(i => new RaisedAlarms(Id + i, AlarmNames.All, At))],
            LastPoints = [.. Enumerable.Range(0, GatewayMachine.MaxVolumes).Select(i => new LastPoint(Id + i, At))],
            NamesToRelease = [.. Enumerable.Range(0, GatewayMachine.MaxNamesToRelease + 1).Select(i => new string('n', 60) + i)],
        },
        ["activation"] = new ActivationState
        {
            PublicKey = new byte[ActivationMachine.MaxPublicKeyBytes],
            Metadata = FullMetadata,
            Outbox = FullOutbox,
            Claim = new ActivationClaim("123456789012", Id, new string('n', 63), Text(64)),
            Certificate = new IssuedCertificate(new string('c', 4096), new string('c', 4096), At),
        },
        ["volume"] = new VolumeState
        {
            Specification = new VolumeSpecification("123456789012", Id, new string('n', 63), long.MaxValue, Id),
            Outbox = FullOutbox,
            Head = new byte[VolumeHead.MaxEncodedBytes],
            OriginImage = new byte[VolumeHead.MaxEncodedBytes],
            Keys = [.. Enumerable.Range(0, VolumeMachine.MaxKeys).Select(i => new WrappedLineageKey("123456789012", Id + i, int.MaxValue, new byte[AccountKey.RotatedWrappedLengthBytes]))],
            Snapshots = [.. Enumerable.Range(0, VolumeMachine.MaxPendingSnapshots).Select(i => new PendingSnapshot
            {
                SnapshotId = Id + i, Description = Text(VolumeMachine.MaxDescriptionLength), RequestedAt = At, LogPosition = long.MaxValue,
                StartedAtLogEnd = long.MaxValue, Sequence = long.MaxValue, PointAt = At, SizeBytes = long.MaxValue, FailureReason = new string('r', 100),
                GroupId = Id, IsGroupEnded = true, IsPointMoved = true, Consistency = SnapshotConsistency.Application, HookFailure = Text(VolumeMachine.MaxReasonLength),
            })],
            Copy = new CopyState { Request = FullCopy, FailureReason = Text(200) },
        },
        ["snapshot-offer"] = new SavedOffer
        {
            Request = new SnapshotOfferRequest(Id, "123456789012", TimeSpan.MaxValue),
            Snapshot = new SnapshotDescription(Id, "123456789012", Id, Text(VolumeMachine.MaxDescriptionLength), SnapshotState.Failed, 1, At, At, 1, 1, Text(100)),
            CopyId = Id,
            CopySnapshotId = Id,
            CopyDescription = Text(VolumeMachine.MaxDescriptionLength),
            FailureReason = Text(SnapshotOfferMachine.MaxReasonLength),
            Outbox = FullOutbox,
        },
        ["snapshot-group"] = new SavedGroup
        {
            AccountId = "123456789012",
            GatewayId = Id,
            Description = Text(VolumeMachine.MaxDescriptionLength),
            Members = [.. Enumerable.Range(0, GroupSnapshotRequest.MaxMembers).Select(i => new SavedMember
            {
                VolumeId = Id + i, SnapshotId = Id + i, Barrier = new SnapshotBarrier(Id + i, long.MaxValue, long.MaxValue, true) { HookFailure = Text(VolumeMachine.MaxReasonLength) },
            })],
            RequestedAt = At,
            TakenAt = At,
            Reason = Text(SnapshotGroupMachine.MaxReasonLength),
            Outbox = FullOutbox,
        },
        ["snapshot"] = new SavedSnapshot
        {
            Description = new SnapshotDescription(Id, "123456789012", Id, Text(VolumeMachine.MaxDescriptionLength), SnapshotState.Failed, 1, At, At, 1, 1, Text(100)),
            Outbox = FullOutbox,
        },
        ["wake-shard"] = new WakeShardState { Watched = RandomNumberGenerator.GetBytes(WakeList.MaxBytes) },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_state_at_its_maximum_takes_64_KiB_or_less(string name)
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = new OrleansGrainStorageSerializer(services.GetRequiredService<Serializer>());
        var stored = SerializeAs(serializer, States[name]);
        Assert.InRange(stored.ToMemory().Length, 1, MaxBytes);
    }

    [Fact]
    public void Every_saved_state_has_a_maximum_here()
    {
        var saved = typeof(AggregateState).Assembly.GetTypes()
            .Where(type => !type.IsAbstract && (type.IsSubclassOf(typeof(AggregateState)) || type == typeof(NameState) || type == typeof(WakeShardState)));
        Assert.Equal(saved.OrderBy(type => type.Name), States.Values.Select(state => state.GetType()).OrderBy(type => type.Name));
    }

    private static BinaryData SerializeAs(OrleansGrainStorageSerializer serializer, object state) =>
        (BinaryData)typeof(OrleansGrainStorageSerializer).GetMethod(nameof(OrleansGrainStorageSerializer.Serialize))!
            .MakeGenericMethod(state.GetType()).Invoke(serializer, [state])!;
}
