using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Security;

/// <summary>Bounds on what callers may write into saved state.</summary>
internal static class Arguments
{
    /// <summary>Longest resource name.</summary>
    public const int MaxNameLength = 63;

    /// <summary>1-63 of letters, digits, <c>-</c>, <c>_</c>, <c>.</c>; beginning with a letter or digit.</summary>
    public static string Name(string? value, string what)
    {
        if (value is { Length: > 0 and <= MaxNameLength } && char.IsAsciiLetterOrDigit(value[0])
            && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            return value;
        }

        throw Invalid($"The {what} must be 1 to {MaxNameLength} ASCII letters, digits, '-', '_' or '.', beginning with a letter or digit.");
    }

    /// <summary>Text for people, of bounded length and without control characters.</summary>
    public static string Text(string? value, string what, int maxLength)
    {
        if (value is not null && value.Length <= maxLength && !value.Any(char.IsControl)) return value;
        throw Invalid($"The {what} must be at most {maxLength} characters without control characters.");
    }

    /// <summary>The error for a value that is out of range.</summary>
    public static TidegateException Invalid(string message) => new(ErrorCodes.InvalidArgument, message, "Correct the value and send the request again.");
}
