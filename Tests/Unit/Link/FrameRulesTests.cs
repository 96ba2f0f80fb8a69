using System.Collections.Frozen;
using System.Net;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>Layer 2: what one client's frames may say.</summary>
public sealed class FrameRulesTests
{
    private static readonly GrainType Client = GrainType.Create("sys.client");
    private static readonly GrainId Me = GrainId.Create(Client, IdSpan.Create("me"));
    private static readonly GrainId MyObserver = GrainId.Create(Client, IdSpan.Create("me+observer"));
    private static readonly GrainId Other = GrainId.Create(Client, IdSpan.Create("other"));
    private static readonly GrainId Gateway = GrainId.Create("gateway", "gw-00000000000000000001");
    private static readonly IPEndPoint Here = new(IPAddress.Parse("10.0.0.1"), 30000);
    private readonly FrameRules _rules = new("me", new Dictionary<GrainType, ResourceKind> { [GrainType.Create("gateway")] = ResourceKind.Gateway }.ToFrozenDictionary(), Here);

    private static FrameHeader Frame(FrameDirection direction, GrainId sender, GrainId target, long id = 1, FrameResponse response = FrameResponse.None, uint flags = 0, IPEndPoint? silo = null) =>
        new(flags | ((uint)direction << 16) | ((uint)response << 20), id, sender, target, silo);

    [Fact]
    public void Calls_of_open_grains_and_of_the_manifest_pass()
    {
        Assert.Null(_rules.Refusal(Frame(FrameDirection.Request, Me, Gateway)));
        Assert.Null(_rules.Refusal(Frame(FrameDirection.OneWay, Me, Gateway)));
        Assert.Null(_rules.Refusal(Frame(FrameDirection.Request, Me, new GrainId(FrameRules.ManifestTarget, IdSpan.Create("10.0.0.1:1@1")), silo: Here)));
    }

    [Fact]
    public void The_manifest_is_read_from_this_gateway_and_no_address_that_the_client_chooses()
    {
        var manifest = new GrainId(FrameRules.ManifestTarget, IdSpan.Create("10.0.0.1:1@1"));
        Assert.Null(_rules.Refusal(Frame(FrameDirection.Request, Me, manifest, silo: Here)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Me, manifest)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Me, manifest, silo: new IPEndPoint(Here.Address, 30001))));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Me, manifest, silo: new IPEndPoint(IPAddress.Parse("192.0.2.7"), 22))));
    }

    [Theory, InlineData("management"), InlineData("sys.svc.catalog"), InlineData("sys.svc.manifest2"), InlineData("sys.client"), InlineData("account")]
    public void Calls_of_anything_else_do_not(string type) =>
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Me, GrainId.Create(type, "x"))));

    [Theory, InlineData("gw-1"), InlineData("gw-0000000000000000000G"), InlineData("vol-00000000000000000001"), InlineData("gw-00000000000000000001/")]
    public void No_grain_is_woken_under_a_key_that_is_no_id(string key) =>
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Me, GrainId.Create("gateway", key))));

    [Fact]
    public void Nobody_speaks_in_anothers_name()
    {
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Other, Gateway)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Gateway, Gateway)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, GrainId.Create(Client, IdSpan.Create("meme")), Gateway)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, default, Gateway)));
    }

    [Fact]
    public void A_request_that_left_here_is_answered_once_by_its_target_to_its_sender()
    {
        _rules.Outbound(Frame(FrameDirection.Request, Gateway, MyObserver, id: 7));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, id: 8)));
        Assert.Null(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, id: 7, FrameResponse.Success)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, id: 7, FrameResponse.Success)));
    }

    [Fact]
    public void A_guessed_correlation_id_answers_nobody()
    {
        _rules.Outbound(Frame(FrameDirection.Request, Gateway, MyObserver, id: 7));
        var elsewhere = GrainId.Create("gateway", "gw-2");
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, elsewhere, id: 7, FrameResponse.Success)));
        // The wrong guess has used the answer up: nothing is learnt by trying again.
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, id: 7, FrameResponse.Success)));
    }

    [Theory, InlineData((int)FrameResponse.Rejection), InlineData((int)FrameResponse.Status)]
    public void Rejections_and_status_are_not_a_clients_to_send(int response)
    {
        _rules.Outbound(Frame(FrameDirection.Request, Gateway, MyObserver, id: 7));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, 7, (FrameResponse)response)));
    }

    [Fact]
    public void Cache_invalidation_and_frames_without_direction_are_refused()
    {
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Me, Gateway, flags: 1 << 7)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.None, Me, Gateway)));
        Assert.NotNull(_rules.Refusal(Frame((FrameDirection)9, Me, Gateway)));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Request, Me, Gateway, response: FrameResponse.Success)));
    }

    [Fact]
    public void The_table_of_open_requests_is_bounded_and_the_oldest_gives_way()
    {
        for (var id = 0; id <= LinkLimits.OutstandingRequests; id++) _rules.Outbound(Frame(FrameDirection.Request, Gateway, MyObserver, id));
        Assert.NotNull(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, 0)));
        Assert.Null(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, 1)));
        Assert.Null(_rules.Refusal(Frame(FrameDirection.Response, MyObserver, Gateway, LinkLimits.OutstandingRequests)));
    }
}
