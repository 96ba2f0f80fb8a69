namespace Tidegate.Client.Rest.Models;

/// <summary>Body of every refused or failed request: <c>application/problem+json</c> (RFC 9457) with our two members.</summary>
/// <param name="Type">URI that names the kind of problem.</param>
/// <param name="Title">The kind, for people.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Detail">What happened, to what.</param>
/// <param name="Instance">The request's path.</param>
/// <param name="Code">One of <c>ErrorCodes</c>.</param>
/// <param name="NextStep">What the reader can do about it, if anything.</param>
/// <param name="TraceId">Finds the request in the service's traces.</param>
public sealed record ProblemView(
    string? Type = null,
    string? Title = null,
    int? Status = null,
    string? Detail = null,
    string? Instance = null,
    string? Code = null,
    string? NextStep = null,
    string? TraceId = null);
