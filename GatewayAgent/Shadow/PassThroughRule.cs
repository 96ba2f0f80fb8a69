using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// When writes go past the log (design of the states: log full, or uplink failing past a limit). An uplink that moves data never triggers it: then
/// a full log slows its writers.
/// </summary>
internal static class PassThroughRule
{
    /// <summary>Why writes should go past the log; null when they should not.</summary>
    /// <param name="options">Limits.</param>
    /// <param name="capacityBytes">Of the log.</param>
    /// <param name="waitingBytes">Of the log, written and not committed.</param>
    /// <param name="isRoomWanted">A writer found no room since the uplink last moved anything.</param>
    /// <param name="stalled">How long data has waited with nothing moving; zero when none waits.</param>
    public static string? Reason(ShadowOptions options, long capacityBytes, long waitingBytes, bool isRoomWanted, TimeSpan stalled)
    {
        if (waitingBytes <= 0 || stalled < options.PassAfterStall)
            return null;
        var usable = capacityBytes - WriteLogOptions.ReserveBytes(capacityBytes);
        var isFull = waitingBytes >= options.PassAtFill * usable
            || (isRoomWanted && waitingBytes + LogRecordHeader.Footprint(LogRecordHeader.MaxPayloadBytes) > usable);
        if (isFull)
            return $"The write log is full ({waitingBytes >> 20} of {capacityBytes >> 20} MiB) and nothing has reached the service for {Span(stalled)}";
        return stalled >= options.PassAfterFailing ? $"Nothing has reached the service for {Span(stalled)}" : null;
    }

    private static string Span(TimeSpan span) => span.TotalHours >= 2 ? $"{span.TotalHours:0} h" : span.TotalMinutes >= 2 ? $"{span.TotalMinutes:0} min" : $"{span.TotalSeconds:0} s";
}
