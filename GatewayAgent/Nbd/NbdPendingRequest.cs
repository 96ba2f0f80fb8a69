using System.Runtime.CompilerServices;
using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>A request that the device did not finish at once. Reused by its connection, so that waiting costs no allocation.</summary>
internal sealed class NbdPendingRequest
{
    private readonly NbdTransmission _owner;
    private readonly Action _continue;
    private ConfiguredValueTaskAwaitable.ConfiguredValueTaskAwaiter _awaiter;
    private NbdRequest _request;
    private NbdAnswer _answer;
    private NbdSlice _reply;
    private NbdSlice _payload;

    public NbdPendingRequest(NbdTransmission owner)
    {
        _owner = owner;
        _continue = Continue;
    }

    public void Start(in NbdRequest request, NbdAnswer answer, in NbdSlice reply, in NbdSlice payload, ValueTask task)
    {
        (_request, _answer, _reply, _payload) = (request, answer, reply, payload);
        _awaiter = task.ConfigureAwait(false).GetAwaiter();
        _awaiter.UnsafeOnCompleted(_continue);
    }

    private void Continue()
    {
        Exception? failure = null;
        try
        {
            _awaiter.GetResult();
        }
        catch (Exception e)
        {
            failure = e;
        }
        var (request, answer, reply, payload) = (_request, _answer, _reply, _payload);
        (_awaiter, _reply, _payload) = (default, default, default);
        _owner.FinishPending(this, request, answer, reply, payload, failure);
    }
}
