namespace Tidegate.Cli.Store;

/// <summary>Outcome of <c>store verify</c>.</summary>
internal sealed record VerifyView(
    bool IsSound, bool IsQuick, IReadOnlyList<VerifiedVolumeView> Volumes, long Pages, long Segments, long Frames, long BytesRead, double Seconds,
    long DamageCount, IReadOnlyList<DamageView> Damages);
