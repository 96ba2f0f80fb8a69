using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>The interval up to the head in which every commit is a recovery point.</summary>
/// <param name="FromSequence">First sequence of the interval.</param>
/// <param name="FromTime">Service's clock at that commit.</param>
public sealed record RecoveryWindow(long FromSequence, DateTimeOffset FromTime)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.I64(FromSequence);
        writer.Time(FromTime);
        return writer.ToArray();
    }

    internal static RecoveryWindow Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Catalogue record of the recovery window");
        var window = new RecoveryWindow(reader.I64("window start", 0, long.MaxValue), reader.Time("window time"));
        reader.End();
        return window;
    }
}
