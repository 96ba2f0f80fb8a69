using System.Data.Common;
using Orleans.Storage;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Api;

/// <summary>What whoever sent a request is told of an exception that ended it; the API and the console say the same.</summary>
/// <param name="Code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="Message">What happened.</param>
/// <param name="NextStep">What to do about it.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Fault">How it is logged; none for what is the sender's own doing.</param>
internal sealed record RequestFailure(string Code, string Message, string? NextStep, int Status, LogLevel Fault)
{
    /// <summary>What to say of an exception.</summary>
    public static RequestFailure Of(Exception error) => error switch
    {
        TidegateException told => new(told.Code, told.Message, told.NextStep, ErrorTable.For(told.Code).Status, LogLevel.None),
        BadHttpRequestException bad => new(ErrorCodes.InvalidArgument, Explain(bad), "Compare the request with /openapi/v1.json.", bad.StatusCode, LogLevel.None),
        OrleansException or InconsistentStateException or TimeoutException or DbException or IOException => new(
            ErrorCodes.Unavailable, "The service could not finish the request.", "Send it again; look at its outcome first if it changes something.",
            ErrorTable.For(ErrorCodes.Unavailable).Status, LogLevel.Warning),
        _ => new(
            ErrorCodes.Internal, "The service failed at this request.", "Report the trace id to the operator.", ErrorTable.For(ErrorCodes.Internal).Status, LogLevel.Error),
    };

    /// <summary>The serializer's words name the place in the caller's own JSON.</summary>
    private static string Explain(BadHttpRequestException bad) =>
        bad.InnerException is System.Text.Json.JsonException json ? $"The body is not the JSON it should be ({Missing(json) ?? $"at {json.Path ?? "$"}, line {json.LineNumber + 1}"})." : bad.Message;

    // The serializer names what is missing in its message alone, after the type that nobody outside knows.
    private static string? Missing(System.Text.Json.JsonException json)
    {
        var names = json.Message.IndexOf("missing required properties", StringComparison.Ordinal);
        var from = names < 0 ? -1 : json.Message.IndexOf('\'', names);
        return from < 0 ? null : $"it lacks {json.Message[from..].Split(" Path:")[0].TrimEnd('.')}";
    }
}
