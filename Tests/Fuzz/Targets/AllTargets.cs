using Tidegate.Tests.Fuzz.Engine;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>Every decoder of <c>docs/formats</c> and <c>docs/protocols</c>.</summary>
internal static class AllTargets
{
    private static readonly Dictionary<string, Func<FuzzTarget>> Makers = new(StringComparer.Ordinal)
    {
        ["segment-header"] = SegmentTargets.Header,
        ["segment-index"] = SegmentTargets.Index,
        ["frame"] = SegmentTargets.Frame,
        ["map-page"] = PageTargets.MapPage,
        ["catalogue-page"] = PageTargets.CataloguePage,
        ["catalogue-record"] = PageTargets.CatalogueRecord,
        ["head"] = HeadTargets.Head,
        ["image"] = HeadTargets.Image,
        ["tail-manifest"] = HeadTargets.TailManifest,
        ["head-manifest"] = HeadTargets.HeadManifest,
        ["head-manifest-sealed"] = HeadTargets.SealedManifest,
        ["moved-directory"] = HeadTargets.MovedDirectory,
        ["relocation-list"] = HeadTargets.RelocationList,
        ["state-record"] = HeadTargets.StateRecord,
        ["write-log"] = AgentTargets.WriteLog,
        ["presence-map"] = AgentTargets.PresenceMap,
        ["dirty-map"] = AgentTargets.DirtyMap,
        ["nbd-handshake"] = AgentTargets.NbdHandshake,
        ["nbd-request"] = AgentTargets.NbdRequest,
        ["link-header"] = LinkTargets.Header,
        ["link-body"] = LinkTargets.Body,
        ["link-preamble"] = LinkTargets.Preamble,
        ["link-frames"] = FrameTargets.Frames,
        ["http-body"] = HttpTargets.Body,
        ["activation-message"] = HttpTargets.Activation,
        ["certificate-request"] = HttpTargets.CertificateRequest,
        ["link-token"] = TextTargets.LinkToken,
        ["blob-ticket"] = TextTargets.BlobTicket,
        ["page-token"] = TextTargets.PageToken,
        ["activation-key"] = TextTargets.ActivationKey,
        ["api-key"] = TextTargets.ApiKey,
        ["blob-key"] = TextTargets.BlobKey,
    };

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Makers.Keys];

    /// <summary>What anybody who reaches a port may send, before or after authentication: the frame guard, the preamble, HTTP bodies, activation.</summary>
    public static IReadOnlyList<string> FromOutside { get; } =
        ["link-frames", "link-header", "link-body", "link-preamble", "http-body", "activation-message", "certificate-request", "activation-key", "api-key", "link-token"];

    /// <summary>A target with its seeds.</summary>
    public static FuzzTarget Make(string name) => Makers[name]();
}
