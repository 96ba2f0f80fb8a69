using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Volumes;

/// <summary>How the head machine's refusals reach an agent.</summary>
internal static class HeadRefusals
{
    /// <summary>The error for a refusal.</summary>
    public static TidegateException ToError(HeadRefusal refusal) => refusal.Reason switch
    {
        HeadRefusalReason.StaleEpoch => new(ErrorCodes.StaleEpoch, refusal.Message, "Attach again."),
        HeadRefusalReason.Diverged => new(ErrorCodes.Diverged, refusal.Message, "Choose: upload as a new volume, or discard and restore."),
        HeadRefusalReason.SizeMismatch => new(ErrorCodes.InvalidState, refusal.Message, "Grow the volume."),
        HeadRefusalReason.NotContiguous or HeadRefusalReason.Invalid => new(ErrorCodes.CommitRefused, refusal.Message, "Attach again; the log decides what is missing."),
        HeadRefusalReason.StagingIncomplete => new(ErrorCodes.CommitRefused, refusal.Message, "Commit what is missing, then publish."),
        HeadRefusalReason.StagingClosing => new(ErrorCodes.Unavailable, refusal.Message, "Attach again in a moment."),
        HeadRefusalReason.Staging => new(ErrorCodes.InvalidState, refusal.Message, "Wait until the volume is shadowed again."),
        HeadRefusalReason.HeadBehind => new(ErrorCodes.Unavailable, refusal.Message, "The operator rebuilds the head from the bucket."),
        _ => new(ErrorCodes.Unavailable, refusal.Message, "Try again."),
    };
}
