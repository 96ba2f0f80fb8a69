using System.Collections.Concurrent;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// The transmission phase of one connection. The reader takes requests from the receive buffer and hands them to the device;
/// what the device finishes at once is answered at once, in batches, and what it does not finish is answered by whoever
/// finishes it. So a slow request, a flush for one, delays nothing behind it.
/// </summary>
internal sealed class NbdTransmission(
    NbdInput input, NbdReplyQueue queue, NbdTerms terms, NbdShared shared, string remote)
    : IDisposable
{
    /// <summary>Replies leave when this many bytes wait, so that the client works while the rest of a batch is served.</summary>
    private const int SendBytes = 32 * 1024;
    private const int SendReplies = 8;

    private readonly NbdReplyWriter _replies = new(queue, terms.StructuredReplies);
    private readonly NbdInFlight _inFlight = new(shared.Options.MaxRequestsInFlight, shared.Options.MaxBytesInFlight);
    private readonly ConcurrentBag<NbdPendingRequest> _spare = [];
    private readonly CancellationTokenSource _unheard = new();
    private int _unsentReplies;
    private volatile bool _isDraining;

    private IBlockDevice Device => terms.Lease.Device;

    /// <summary>From now on requests get ESHUTDOWN; those that run are finished.</summary>
    public void Drain() => _isDraining = true;

    /// <summary>Cancels reads that run: nobody hears their answers. Writes are finished, whoever hears of it.</summary>
    public void CancelReads()
    {
        try
        {
            _unheard.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The phase ended meanwhile.
        }
    }

    public void Dispose() => _unheard.Dispose();

    /// <summary>Serves until the client disconnects or the stream ends, then finishes what runs. Throws <see cref="NbdProtocolException"/>.</summary>
    public void Run()
    {
        try
        {
            if (!ServeUntilDisconnect() && !_isDraining)
                CancelReads();
        }
        finally
        {
            _inFlight.WaitUntilIdle();
        }
    }

    internal void FinishPending(NbdPendingRequest pending, in NbdRequest request, NbdAnswer answer, in NbdSlice reply, in NbdSlice payload, Exception? failure)
    {
        Answer(request, answer, reply, payload, failure);
        _spare.Add(pending);
        queue.Send(wait: false);
        _inFlight.Leave(BytesOf(request));
    }

    private static int BytesOf(in NbdRequest request) =>
        request.Command is NbdCommand.Read or NbdCommand.Write ? (int)Math.Min(request.Length, NbdLimits.MaxPayloadBytes) : 0;

    /// <summary>True when the client took its leave, false when the stream ended without that.</summary>
    private bool ServeUntilDisconnect()
    {
        var afterLargePayload = false;
        while (true)
        {
            if (input.Available < NbdRequest.HeaderBytes)
            {
                SendReplyBatch();
                // Behind a large payload likely comes another: taking only its header leaves the payload to be received into
                // its own place.
                if (!input.TryFill(NbdRequest.HeaderBytes, afterLargePayload ? NbdRequest.HeaderBytes : int.MaxValue))
                    return false;
            }
            if (!NbdRequest.TryDecode(input.Peek(NbdRequest.HeaderBytes), out var request))
                throw new NbdProtocolException("a request does not begin with the magic number");
            input.Consume(NbdRequest.HeaderBytes);
            if (request.Command == NbdCommand.Disconnect)
                return true;
            if (!TryServe(request, ref afterLargePayload))
                return false;
        }
    }

    /// <summary>False when the stream ended inside the request.</summary>
    private bool TryServe(in NbdRequest request, ref bool afterLargePayload)
    {
        var bytes = BytesOf(request);
        if (!_inFlight.HasRoom(bytes))
        {
            SendReplyBatch();
            _inFlight.WaitForRoom(bytes);
        }
        if (queue.QueuedBytes > shared.Options.MaxBytesInFlight && !queue.WaitUntilSent())
            return false;
        if (shared.Memory.IsScarce && !_inFlight.IsLittle(queue.QueuedBytes))
        {
            SendReplyBatch();
            _inFlight.WaitUntilIdle();
            if (!queue.WaitUntilSent())
                return false;
        }

        NbdSlice payload = default;
        var fault = NbdRequestRules.FaultOf(request, Device.SizeBytes, Device.IsReadOnly, _replies.IsStructured, terms.HasBaseAllocation);
        var isRefused = fault is not null || _isDraining;
        if (!isRefused && NbdRequestRules.GrantOf(request) is var large and > 0 && !TryGrant(large))
            return false;
        if (request.Command == NbdCommand.Write)
        {
            if (isRefused)
            {
                if (request.Length > NbdLimits.MaxSkippedPayloadBytes)
                    throw new NbdProtocolException($"a write of {request.Length} bytes is above the limit of {NbdLimits.MaxPayloadBytes}");
                SendReplyBatch();
                if (!input.TrySkip(request.Length))
                    return false;
            }
            else if (!TryTakePayload((int)request.Length, out payload, ref afterLargePayload))
            {
                return false;
            }
        }
        if (!isRefused)
            Dispatch(request, payload);
        else if (fault is var (error, message))
            _replies.Fail(request.Cookie, error, message);
        else
            _replies.Fail(request.Cookie, NbdError.ShuttingDown, "the volume is being taken out of service");

        if (++_unsentReplies >= SendReplies || queue.QueuedBytes >= SendBytes)
            SendReplyBatch();
        return true;
    }

    /// <summary>False when the session was cut off while it waited.</summary>
    private bool TryGrant(int bytes)
    {
        if (shared.Memory.TryGrant(bytes))
            return true;
        SendReplyBatch();
        try
        {
            shared.Memory.Grant(bytes, _unheard.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private bool TryTakePayload(int length, out NbdSlice payload, ref bool afterLargePayload)
    {
        payload = default;
        afterLargePayload = false;
        if (input.Available < length)
            SendReplyBatch();
        if (length <= NbdInput.MaxContiguousBytes)
        {
            if (!input.TryFill(length))
                return false;
            payload = input.Take(length);
            return true;
        }
        afterLargePayload = true;
        payload = new NbdSlice(shared.Memory.Rent(length, length), 0, length);
        if (input.TryReadInto(payload.Span))
            return true;
        payload.Release();
        payload = default;
        return false;
    }

    private void Dispatch(in NbdRequest request, in NbdSlice payload)
    {
        var offset = (long)request.Offset;
        var fua = (request.Flags & NbdCommandFlags.Fua) != 0;
        NbdSlice reply = default;
        var answer = NbdAnswer.Acknowledgement;
        ValueTask task;
        try
        {
            switch (request.Command)
            {
                case NbdCommand.Read when _replies.IsStructured && request.Length >= NbdLimits.LongReadBytes && (request.Flags & NbdCommandFlags.DontFragment) == 0:
                    answer = NbdAnswer.Own;
                    task = NbdLongOperations.ReadInPiecesAsync(Device, _replies, shared.Memory, request, _unheard.Token);
                    break;
                case NbdCommand.Read:
                    answer = NbdAnswer.Data;
                    reply = _replies.ReserveRead((int)request.Length, NbdRequestRules.GrantOf(request));
                    task = Device.ReadAsync(offset, _replies.DataOf(reply), _unheard.Token);
                    break;
                case NbdCommand.Write:
                    task = Device.WriteAsync(offset, payload.Memory, fua, CancellationToken.None);
                    break;
                case NbdCommand.Flush:
                    task = Device.FlushAsync(CancellationToken.None);
                    break;
                case NbdCommand.Trim:
                    task = Device.DiscardAsync(offset, request.Length, fua, CancellationToken.None);
                    break;
                case NbdCommand.WriteZeroes when (request.Flags & NbdCommandFlags.NoHole) != 0:
                    task = NbdLongOperations.WriteRealZeroesAsync(Device, offset, request.Length, fua);
                    break;
                case NbdCommand.WriteZeroes:
                    task = Device.WriteZeroesAsync(offset, request.Length, fua, CancellationToken.None);
                    break;
                case NbdCommand.Cache:
                    task = NbdLongOperations.CacheAsync(Device, shared.Memory, offset, request.Length, _unheard.Token);
                    break;
                default:
                    answer = NbdAnswer.Own;
                    task = NbdLongOperations.BlockStatusAsync(Device, _replies, request, _unheard.Token);
                    break;
            }
            if (!task.IsCompleted)
            {
                if (!_spare.TryTake(out var pending))
                    pending = new NbdPendingRequest(this);
                _inFlight.Enter(BytesOf(request));
                pending.Start(request, answer, reply, payload, task);
                return;
            }
            task.GetAwaiter().GetResult();
        }
        catch (Exception e)
        {
            Answer(request, answer, reply, payload, e);
            return;
        }
        Answer(request, answer, reply, payload, failure: null);
    }

    private void Answer(in NbdRequest request, NbdAnswer answer, in NbdSlice reply, in NbdSlice payload, Exception? failure)
    {
        if (payload.Buffer is not null)
            payload.Release();
        if (failure is not null)
        {
            if (reply.Buffer is not null)
                reply.Release();
            var (error, message, isExpected) = NbdFailure.Of(failure);
            if (isExpected)
                NbdLog.RequestFailed(shared.Logger, request.Command, request.Offset, request.Length, terms.Lease.Export.Name, remote, error, message);
            else
                NbdLog.RequestBroke(shared.Logger, failure, request.Command, request.Offset, request.Length, terms.Lease.Export.Name, remote);
            _replies.Fail(request.Cookie, error, message);
        }
        else if (answer == NbdAnswer.Data)
        {
            _replies.CompleteRead(reply, request.Cookie, request.Offset);
        }
        else if (answer == NbdAnswer.Acknowledgement)
        {
            _replies.Acknowledge(request.Cookie);
        }
    }

    private void SendReplyBatch()
    {
        _unsentReplies = 0;
        queue.Send(wait: true);
    }
}
