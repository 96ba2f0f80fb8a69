using System.Buffers.Binary;
using System.Text;
using Tidegate.GatewayAgent.Nbd.Wire;
using Tidegate.GatewayAgent.Volumes;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// The handshake of one connection (docs/protocols/nbd.md, Handshake), on the connection's own thread. Everything a client
/// sends here is small and counted; the connection's owner bounds the time.
/// </summary>
internal sealed class NbdNegotiation(
    NbdInput input, NbdReplyQueue queue, IExportSource exports, NbdServerOptions options, INbdHandshake connection)
{
    private const string BaseAllocation = "base:allocation";

    private bool _noZeroes;
    private bool _isEncrypted;
    private bool _structured;
    private string? _contextExport;
    private string _whyNotOpened = "";

    /// <summary>The agreed terms, or null when the client left. Throws <see cref="NbdProtocolException"/>.</summary>
    public NbdTerms? Run()
    {
        var hello = queue.Reserve(18);
        BinaryPrimitives.WriteUInt64BigEndian(hello.Span, NbdMagic.Server);
        BinaryPrimitives.WriteUInt64BigEndian(hello.Span[8..], NbdMagic.Option);
        BinaryPrimitives.WriteUInt16BigEndian(hello.Span[16..], (ushort)(NbdHandshakeFlags.FixedNewstyle | NbdHandshakeFlags.NoZeroes));
        queue.Queue(hello);
        queue.Send(wait: true);

        if (!input.TryFill(4))
            return null;
        var flags = BinaryPrimitives.ReadUInt32BigEndian(input.Peek(4));
        input.Consume(4);
        if ((flags & ~(uint)(NbdHandshakeFlags.FixedNewstyle | NbdHandshakeFlags.NoZeroes)) != 0)
            throw new NbdProtocolException($"client flags 0x{flags:x} were not offered");
        if ((flags & (uint)NbdHandshakeFlags.FixedNewstyle) == 0)
            throw new NbdProtocolException("the client does not speak fixed newstyle");
        _noZeroes = (flags & (uint)NbdHandshakeFlags.NoZeroes) != 0;

        for (var count = 0; count < options.MaxOptions; count++)
        {
            if (!TryReadOption(out var option, out var data))
                return null;
            if (data is null)
                continue;
            var (terms, isOver) = Handle(option, data);
            if (terms is not null)
                return terms;
            queue.Send(wait: true);
            if (isOver)
                return null;
        }
        throw new NbdProtocolException($"more than {options.MaxOptions} options in one handshake");
    }

    /// <summary>Reads an option; its data is null when it was too long, which has been answered.</summary>
    private bool TryReadOption(out NbdOption option, out byte[]? data)
    {
        (option, data) = (default, null);
        if (!input.TryFill(16))
            return false;
        var header = input.Peek(16);
        if (BinaryPrimitives.ReadUInt64BigEndian(header) != NbdMagic.Option)
            throw new NbdProtocolException("an option does not begin with the magic number");
        option = (NbdOption)BinaryPrimitives.ReadUInt32BigEndian(header[8..]);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
        input.Consume(16);
        if (length > NbdLimits.MaxSkippedOptionBytes)
            throw new NbdProtocolException($"option {(uint)option} carries {length} bytes, above the limit of {NbdLimits.MaxSkippedOptionBytes}");
        if (length > options.MaxOptionBytes)
        {
            if (!input.TrySkip(length))
                return false;
            if (option == NbdOption.ExportName)
                throw new NbdProtocolException($"an export name of {length} bytes is above the limit of {NbdLimits.MaxExportNameBytes}");
            Reply(option, NbdOptionReply.ErrorTooBig, $"option data is limited to {options.MaxOptionBytes} bytes");
            queue.Send(wait: true);
            return true;
        }
        if (!input.TryFill((int)length))
            return false;
        data = input.Peek((int)length).ToArray();
        input.Consume((int)length);
        return true;
    }

    private (NbdTerms? Terms, bool IsOver) Handle(NbdOption option, byte[] data)
    {
        var needsTls = connection.TlsMode == NbdTlsMode.Required && !_isEncrypted;
        switch (option)
        {
            case NbdOption.ExportName when needsTls:
                throw new NbdProtocolException("TLS is required here, and the client asks for an export without it");
            case NbdOption.StartTls when connection.TlsMode != NbdTlsMode.Off:
                StartTls(option, data);
                break;
            case not NbdOption.Abort when needsTls:
                Reply(option, NbdOptionReply.ErrorTlsRequired, "TLS is required here: begin with STARTTLS");
                break;
            case NbdOption.ExportName:
                return (OpenByExportName(data), true);
            case NbdOption.Abort:
                Reply(option, NbdOptionReply.Ack);
                return (null, true);
            case NbdOption.List:
                List(option, data);
                break;
            case NbdOption.Info or NbdOption.Go:
                return (Describe(option, data), false);
            case NbdOption.StructuredReply when data.Length > 0:
                Reply(option, NbdOptionReply.ErrorInvalid, "this option carries no data");
                break;
            case NbdOption.StructuredReply:
                _structured = true;
                Reply(option, NbdOptionReply.Ack);
                break;
            case NbdOption.ListMetaContext or NbdOption.SetMetaContext:
                MetaContext(option, data);
                break;
            default:
                Reply(option, NbdOptionReply.ErrorUnsupported, $"option {(uint)option} is not supported");
                break;
        }
        return (null, false);
    }

    private void StartTls(NbdOption option, byte[] data)
    {
        if (data.Length > 0 || _isEncrypted)
        {
            Reply(option, NbdOptionReply.ErrorInvalid, _isEncrypted ? "TLS has begun already" : "this option carries no data");
            return;
        }
        // Whoever can write into the connection could otherwise have options of his served as the client's.
        if (input.Available > 0)
            throw new NbdProtocolException($"{input.Available} bytes in the clear came along with STARTTLS");
        Reply(option, NbdOptionReply.Ack);
        if (!queue.WaitUntilSent())
            throw new NbdProtocolException("the client left before TLS began");
        connection.StartTls();
        (_isEncrypted, _structured, _contextExport) = (true, false, null);
    }

    private NbdTerms OpenByExportName(byte[] data)
    {
        if (data.Length > NbdLimits.MaxExportNameBytes || !NbdOptionReader.TryDecode(data, out var name))
            throw new NbdProtocolException("the export name is not valid UTF-8 of at most 4096 bytes");
        if (connection.IsStopping)
            throw new NbdProtocolException("the agent is stopping");
        if (!TryOpen(name, out var lease))
            throw new NbdProtocolException(_whyNotOpened);
        if (connection.BeginSession() is { } reason)
        {
            GiveBack(lease);
            throw new NbdProtocolException(reason);
        }
        var reply = queue.Reserve(_noZeroes ? 10 : 134);
        reply.Span.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(reply.Span, (ulong)lease.Device.SizeBytes);
        BinaryPrimitives.WriteUInt16BigEndian(reply.Span[8..], (ushort)FlagsOf(lease));
        queue.Queue(reply);
        return TermsFor(lease);
    }

    private void List(NbdOption option, byte[] data)
    {
        if (data.Length > 0)
        {
            Reply(option, NbdOptionReply.ErrorInvalid, "this option carries no data");
            return;
        }
        var unsent = 0;
        foreach (var export in exports.List())
        {
            // A name may have 4 KiB, and there may be thousands: a list is sent as it is made.
            if (++unsent % 32 == 0 && !queue.WaitUntilSent())
                return;
            var name = Encoding.UTF8.GetBytes(export.Name);
            var entry = new byte[4 + name.Length];
            BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)name.Length);
            name.CopyTo(entry, 4);
            Reply(option, NbdOptionReply.Server, entry);
        }
        Reply(option, NbdOptionReply.Ack);
    }

    private NbdTerms? Describe(NbdOption option, byte[] data)
    {
        var reader = new NbdOptionReader(data);
        if (!reader.TryReadString(NbdLimits.MaxExportNameBytes, out var name) || !reader.TryReadUInt16(out var count))
        {
            Reply(option, NbdOptionReply.ErrorInvalid, "the option is too short, or its name is not UTF-8 of at most 4096 bytes");
            return null;
        }
        var wantsName = false;
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryReadUInt16(out var wanted))
            {
                Reply(option, NbdOptionReply.ErrorInvalid, "fewer information requests than announced");
                return null;
            }
            wantsName |= wanted == (ushort)NbdInfo.Name;
        }
        if (!reader.IsAtEnd)
        {
            Reply(option, NbdOptionReply.ErrorInvalid, "data behind the information requests");
            return null;
        }
        if (connection.IsStopping)
        {
            Reply(option, NbdOptionReply.ErrorShutdown, "the agent is stopping");
            return null;
        }
        if (!TryOpen(name, out var lease))
        {
            Reply(option, NbdOptionReply.ErrorUnknown, _whyNotOpened);
            return null;
        }
        if (option == NbdOption.Go && connection.BeginSession() is { } reason)
        {
            GiveBack(lease);
            Reply(option, NbdOptionReply.ErrorPolicy, reason);
            return null;
        }

        var info = new byte[14];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)NbdInfo.Export);
        BinaryPrimitives.WriteUInt64BigEndian(info.AsSpan(2), (ulong)lease.Device.SizeBytes);
        BinaryPrimitives.WriteUInt16BigEndian(info.AsSpan(10), (ushort)FlagsOf(lease));
        Reply(option, NbdOptionReply.Info, info.AsSpan(0, 12));
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)NbdInfo.BlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(info.AsSpan(2), NbdLimits.MinimumBlockBytes);
        BinaryPrimitives.WriteUInt32BigEndian(info.AsSpan(6), NbdLimits.PreferredBlockBytes);
        BinaryPrimitives.WriteUInt32BigEndian(info.AsSpan(10), NbdLimits.MaxPayloadBytes);
        Reply(option, NbdOptionReply.Info, info);
        if (wantsName)
            Reply(option, NbdOptionReply.Info, [0, (byte)NbdInfo.Name, .. Encoding.UTF8.GetBytes(lease.Export.Name)]);
        Reply(option, NbdOptionReply.Ack);
        if (option == NbdOption.Go)
            return TermsFor(lease);
        GiveBack(lease);
        return null;
    }

    private void MetaContext(NbdOption option, byte[] data)
    {
        var isSet = option == NbdOption.SetMetaContext;
        if (isSet)
            _contextExport = null;
        if (isSet && !_structured)
        {
            Reply(option, NbdOptionReply.ErrorInvalid, "agree on structured replies first");
            return;
        }
        var reader = new NbdOptionReader(data);
        if (!reader.TryReadString(NbdLimits.MaxExportNameBytes, out var name) || !reader.TryReadUInt32(out var count))
        {
            Reply(option, NbdOptionReply.ErrorInvalid, "the option is too short, or its name is not UTF-8 of at most 4096 bytes");
            return;
        }
        // No query at all lists everything, and selects nothing.
        var matches = count == 0 && !isSet;
        for (var i = 0u; i < count; i++)
        {
            if (!reader.TryReadString(NbdLimits.MaxExportNameBytes, out var query))
            {
                Reply(option, NbdOptionReply.ErrorInvalid, "a query is cut short, too long, or not UTF-8");
                return;
            }
            matches |= query == BaseAllocation || (!isSet && query == "base:");
        }
        if (!reader.IsAtEnd)
        {
            Reply(option, NbdOptionReply.ErrorInvalid, "data behind the queries");
            return;
        }
        if (!TryOpen(name, out var lease))
        {
            Reply(option, NbdOptionReply.ErrorUnknown, _whyNotOpened);
            return;
        }
        if (matches)
        {
            var context = new byte[4 + BaseAllocation.Length];
            BinaryPrimitives.WriteUInt32BigEndian(context, isSet ? NbdReplyWriter.BaseAllocationId : 0);
            Encoding.ASCII.GetBytes(BaseAllocation, context.AsSpan(4));
            Reply(option, NbdOptionReply.MetaContext, context);
            if (isSet)
                _contextExport = lease.Export.Name;
        }
        GiveBack(lease);
        Reply(option, NbdOptionReply.Ack);
    }

    private bool TryOpen(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IExportLease? lease)
    {
        if (name.Length == 0 && exports.List() is [var only])
            name = only.Name;
        try
        {
            _whyNotOpened = $"there is no export '{name}'";
            return exports.TryOpen(name, out lease);
        }
        catch (ExportException failure)
        {
            (lease, _whyNotOpened) = (null, failure.Message);
            return false;
        }
    }

    private NbdTerms TermsFor(IExportLease lease) => new(lease, _structured, _structured && _contextExport == lease.Export.Name);

    private NbdTransmissionFlags FlagsOf(IExportLease lease)
    {
        const NbdTransmissionFlags writing = NbdTransmissionFlags.SendFua | NbdTransmissionFlags.SendTrim
            | NbdTransmissionFlags.SendWriteZeroes | NbdTransmissionFlags.SendFastZero;
        return NbdTransmissionFlags.HasFlags | NbdTransmissionFlags.SendFlush | NbdTransmissionFlags.SendCache | NbdTransmissionFlags.CanMultiConn
            | (lease.Device.IsReadOnly ? NbdTransmissionFlags.ReadOnly : writing)
            | (_structured ? NbdTransmissionFlags.SendDf : NbdTransmissionFlags.None);
    }

    private static void GiveBack(IExportLease lease) => lease.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private void Reply(NbdOption option, NbdOptionReply type, string message) => Reply(option, type, Encoding.UTF8.GetBytes(message));

    private void Reply(NbdOption option, NbdOptionReply type, ReadOnlySpan<byte> data = default)
    {
        var reply = queue.Reserve(20 + data.Length);
        var span = reply.Span;
        BinaryPrimitives.WriteUInt64BigEndian(span, NbdMagic.OptionReply);
        BinaryPrimitives.WriteUInt32BigEndian(span[8..], (uint)option);
        BinaryPrimitives.WriteUInt32BigEndian(span[12..], (uint)type);
        BinaryPrimitives.WriteUInt32BigEndian(span[16..], (uint)data.Length);
        data.CopyTo(span[20..]);
        queue.Queue(reply);
    }
}
