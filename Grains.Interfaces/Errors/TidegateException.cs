namespace Tidegate.Grains.Interfaces.Errors;

/// <summary>An error meant for the caller: a stable code, what happened to what, and what to do next.</summary>
[GenerateSerializer, Alias("tidegate.error")]
public sealed class TidegateException : Exception
{
    /// <summary>For the serializer.</summary>
    public TidegateException() : base("unknown error") { }
    /// <summary>Creates the error. <paramref name="code"/> is one of <see cref="ErrorCodes"/>.</summary>
    public TidegateException(string code, string message, string? nextStep = null) : base(message)
    {
        Code = code;
        NextStep = nextStep;
    }
    /// <summary>One of <see cref="ErrorCodes"/>.</summary>
    [Id(0)] public string Code { get; set; } = ErrorCodes.Internal;
    /// <summary>What the reader can do about it, if anything.</summary>
    [Id(1)] public string? NextStep { get; set; }
    /// <summary>True when the same call may succeed later without any change by the caller.</summary>
    public bool IsTransient => Code is ErrorCodes.GatewayNotConnected or ErrorCodes.GatewayTimeout or ErrorCodes.RateLimited or ErrorCodes.Unavailable;
}
