using Tidegate.Grains.Activation;

namespace Tidegate.Grains.Accounts;

/// <summary>
/// Failed sign-ins of one user, by address and altogether: one address cannot shut a user out everywhere, and many addresses cannot guess for long. In
/// memory; knows no clock.
/// </summary>
internal sealed class SignInFailures
{
    /// <summary>Failures from one address within <see cref="Window"/>.</summary>
    public const int MaxOfAddress = 10;

    /// <summary>Failures from anywhere.</summary>
    public const int MaxOfUser = 100;

    /// <summary>How long a failure counts.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private readonly FailureWindow _all = new(MaxOfUser, Window);
    private readonly Dictionary<string, FailureWindow> _addresses = [];

    /// <summary>True while an address is refused.</summary>
    public bool IsBlocked(string address, DateTimeOffset now) =>
        _all.IsBlocked(now) || (_addresses.TryGetValue(address, out var failures) && failures.IsBlocked(now));

    /// <summary>Notes a failure. The addresses are no more than the failures that count altogether.</summary>
    public void Failed(string address, DateTimeOffset now)
    {
        _all.Failed(now);
        if (!_addresses.TryGetValue(address, out var failures))
        {
            foreach (var quiet in _addresses.Where(known => known.Value.IsQuiet(now)).Select(known => known.Key).ToArray()) _addresses.Remove(quiet);
            _addresses[address] = failures = new FailureWindow(MaxOfAddress, Window);
        }

        failures.Failed(now);
    }
}
