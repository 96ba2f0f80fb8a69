using System.Text.Json;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Tests.Unit.Rest;

/// <summary>What the fake API answers.</summary>
internal sealed record FakeReply(int Status, string Body, string ContentType = "application/json")
{
    public Dictionary<string, string> Headers { get; } = [];

    public static FakeReply Ok<T>(T value) => new(200, JsonSerializer.Serialize(value, typeof(T), RestJson.Default));

    public static FakeReply Empty => new(204, "");

    public static FakeReply Problem(int status, string code, string detail, string? nextStep = null) => new(
        status, JsonSerializer.Serialize(new ProblemView(Status: status, Detail: detail, Code: code, NextStep: nextStep), RestJson.Default.ProblemView), "application/problem+json");
}
