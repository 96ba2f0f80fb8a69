using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Data;

/// <summary>
/// How many transfers of one kind run at the same time: in all, and of one account, so that no account keeps the others out. The
/// account is the first part of the blob's key, which the ticket proves.
/// </summary>
/// <param name="what">Plural, for the refusal.</param>
/// <param name="total">In all.</param>
/// <param name="perAccount">Of one account.</param>
internal sealed class TransferSlots(string what, int total, int perAccount)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _accounts = new(StringComparer.Ordinal);
    private int _taken;

    /// <summary>Takes a slot until the result is disposed; throws <c>Unavailable</c> when there is none.</summary>
    public IDisposable Take(string blobKey)
    {
        var account = blobKey.Split('/', 2)[0];
        lock (_gate)
        {
            var own = _accounts.GetValueOrDefault(account);
            if (_taken >= total) throw Full($"{total} {what} are running, which is the limit.");
            if (own >= perAccount) throw Full($"{perAccount} {what} of this account are running, which is the limit.");
            (_taken, _accounts[account]) = (_taken + 1, own + 1);
        }

        return new Slot(this, account);
    }

    private static TidegateException Full(string message) => new(ErrorCodes.Unavailable, message, "Try again shortly.");

    private void Release(string account)
    {
        lock (_gate)
        {
            _taken--;
            if (--_accounts[account] == 0) _accounts.Remove(account);
        }
    }

    private sealed class Slot(TransferSlots slots, string account) : IDisposable
    {
        private TransferSlots? _slots = slots;

        public void Dispose() => Interlocked.Exchange(ref _slots, null)?.Release(account);
    }
}
