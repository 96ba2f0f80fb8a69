using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Decides whether a request may reach the device (docs/protocols/nbd.md, Errors). Pure.</summary>
internal static class NbdRequestRules
{
    /// <summary>Bytes that a request in order needs granted before it is begun; 0 for small ones.</summary>
    public static int GrantOf(in NbdRequest request) => request.Command switch
    {
        NbdCommand.Read when request.Length >= NbdLimits.LongReadBytes => (int)request.Length,
        NbdCommand.Write when request.Length > NbdInput.MaxContiguousBytes => (int)request.Length,
        NbdCommand.Cache => (int)Math.Min(request.Length, NbdLongOperations.StepBytes),
        _ => 0,
    };

    /// <summary>Null when the request is in order; else the error and its reason.</summary>
    public static (NbdError Error, string Message)? FaultOf(in NbdRequest request, long sizeBytes, bool isReadOnly, bool isStructured, bool hasBaseAllocation)
    {
        var allowed = request.Command switch
        {
            NbdCommand.Read => isStructured ? NbdCommandFlags.Fua | NbdCommandFlags.DontFragment : NbdCommandFlags.Fua,
            NbdCommand.Write or NbdCommand.Trim or NbdCommand.Flush or NbdCommand.Cache => NbdCommandFlags.Fua,
            NbdCommand.WriteZeroes => NbdCommandFlags.Fua | NbdCommandFlags.NoHole | NbdCommandFlags.FastZero,
            NbdCommand.BlockStatus => NbdCommandFlags.Fua | NbdCommandFlags.RequestOne,
            _ => (NbdCommandFlags)ushort.MaxValue,
        };
        if ((request.Flags & ~allowed) != 0)
            return (NbdError.Invalid, $"flags 0x{(ushort)request.Flags:x} do not belong to {request.Command}");
        if (request.Command > NbdCommand.BlockStatus)
            return (NbdError.Invalid, $"unknown command {(ushort)request.Command}");
        if (request.Command == NbdCommand.Flush)
            return null;
        var modifies = request.Command is NbdCommand.Write or NbdCommand.Trim or NbdCommand.WriteZeroes;
        if (modifies && isReadOnly)
            return (NbdError.NotPermitted, "the export is read-only");
        if (request.Length == 0)
            return (NbdError.Invalid, $"{request.Command} of length 0");
        if (request.Offset > (ulong)sizeBytes || request.Length > (ulong)sizeBytes - request.Offset)
            return (modifies ? NbdError.NoSpace : NbdError.Invalid,
                $"{request.Command} of {request.Length} bytes at {request.Offset} reaches past the end at {sizeBytes}");
        if (request.Command is NbdCommand.Read or NbdCommand.Write && request.Length > NbdLimits.MaxPayloadBytes)
            return (NbdError.Invalid, $"{request.Command} of {request.Length} bytes is above the limit of {NbdLimits.MaxPayloadBytes}");
        if (request.Command == NbdCommand.BlockStatus && !hasBaseAllocation)
            return (NbdError.Invalid, "block status without an agreed context: select base:allocation first");
        if ((request.Flags & (NbdCommandFlags.NoHole | NbdCommandFlags.FastZero)) == (NbdCommandFlags.NoHole | NbdCommandFlags.FastZero))
            return (NbdError.NotSupported, "zeroes without a hole are not fast here");
        return null;
    }
}
