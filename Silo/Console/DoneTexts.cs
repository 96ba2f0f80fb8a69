namespace Tidegate.Silo.Console;

/// <summary>What a page says of the form that led to it; addresses name it, and say nothing of their own.</summary>
internal static class DoneTexts
{
    private static readonly Dictionary<string, string> Texts = new(StringComparer.Ordinal)
    {
        ["activated"] = "The gateway is yours. It fetches its certificate and connects; this page shows when it has.",
        ["renamed"] = "The gateway has its new name.",
        ["deactivated"] = "The gateway's credentials are revoked. Its volumes' data and snapshots stay.",
        ["volume-made"] = "The volume is made. Its gateway serves it as soon as it has heard of it.",
        ["volume-deleted"] = "The volume is deleted. Its snapshots stay.",
        ["snapshot-taken"] = "The snapshot is taken: what was written before is in it. Its data is on the way to the service.",
        ["point-taken"] = "The snapshot of the recovery point is made.",
        ["snapshot-deleted"] = "The snapshot is deleted.",
        ["key-revoked"] = "The API key is revoked; every server refuses it within 5 seconds.",
        ["user-made"] = "The user can sign in.",
        ["user-deleted"] = "The user is deleted and signed out everywhere.",
        ["password-changed"] = "The password is changed. You are signed out everywhere else.",
        ["signed-out"] = "You are signed out.",
        ["signed-out-everywhere"] = "You are signed out everywhere.",
    };

    /// <summary>The text; empty for a name that is none.</summary>
    public static string Of(string? name) => name is null ? "" : Texts.GetValueOrDefault(name, "");
}
