using Microsoft.AspNetCore.Http;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Silo.Api;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class IdempotencyTests
{
    [Theory]
    [InlineData(ResourceKind.Account)]
    [InlineData(ResourceKind.Volume)]
    [InlineData(ResourceKind.Snapshot)]
    [InlineData(ResourceKind.Request)]
    [InlineData(ResourceKind.Offer)]
    public void Ids_are_well_formed_with_and_without_a_key(ResourceKind kind)
    {
        Assert.True(ResourceId.IsValid(kind, Idempotency.NewId(Request(null), kind)));
        for (var number = 0; number < 1000; number++)
            Assert.True(ResourceId.IsValid(kind, Idempotency.NewId(Request($"key-{number}"), kind)));
    }

    [Fact]
    public void The_same_request_names_the_same_thing_and_another_does_not()
    {
        var first = Idempotency.NewId(Request("once"), ResourceKind.Volume);
        Assert.Equal(first, Idempotency.NewId(Request("once"), ResourceKind.Volume));
        Assert.NotEqual(first, Idempotency.NewId(Request("twice"), ResourceKind.Volume));
        Assert.NotEqual(first, Idempotency.NewId(Request("once", "/v1/other"), ResourceKind.Volume));
        Assert.NotEqual(Idempotency.NewId(Request(null), ResourceKind.Volume), Idempotency.NewId(Request(null), ResourceKind.Volume));
    }

    [Theory]
    [InlineData("")]
    [InlineData("has space")]
    [InlineData("größe")]
    public void A_malformed_key_is_refused(string key) =>
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => Idempotency.NewId(Request(key), ResourceKind.Volume)).Code);

    private static DefaultHttpContext Request(string? key, string path = "/v1/volumes")
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.Path = path;
        if (key is not null) context.Request.Headers["Idempotency-Key"] = key;
        return context;
    }
}
