using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Api;
using Tidegate.Silo.Options;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class RequestLimitsTests : IDisposable
{
    // Rates so low that no token comes back while a test runs.
    private readonly RequestLimits _limits = new(new ApiOptions { RequestBurst = 3, RequestsPerSecond = 1, RefusalsPerMinute = 2, ActivationsPerMinute = 2, ActivationPollsPerMinute = 1 });

    [Fact]
    public void An_address_with_too_many_wrong_keys_waits_and_others_do_not()
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            _limits.CheckRefusals("192.0.2.1");
            _limits.CountRefusal("192.0.2.1");
        }

        AssertLimited(() => _limits.CheckRefusals("192.0.2.1"));
        _limits.CheckRefusals("192.0.2.2");
    }

    [Fact]
    public void Looking_costs_nothing()
    {
        for (var attempt = 0; attempt < 100; attempt++) _limits.CheckRefusals("192.0.2.1");
    }

    [Fact]
    public void A_key_an_activating_address_and_a_polling_one_have_limits_of_their_own()
    {
        _limits.CountActivation("192.0.2.1");
        _limits.CountActivation("192.0.2.1");
        AssertLimited(() => _limits.CountActivation("192.0.2.1"));
        _limits.CountPoll("192.0.2.1");
        AssertLimited(() => _limits.CountPoll("192.0.2.1"));
        for (var request = 0; request < 3; request++) _limits.CountRequest("key-1");
        AssertLimited(() => _limits.CountRequest("key-1"));
        _limits.CountRequest("key-2");
    }

    public void Dispose() => _limits.Dispose();

    private static void AssertLimited(Action call) => Assert.Equal(ErrorCodes.RateLimited, Assert.Throws<TidegateException>(call).Code);
}
