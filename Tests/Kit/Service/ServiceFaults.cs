namespace Tidegate.Tests.Kit.Service;

/// <summary>How often a <see cref="ModelService"/> misbehaves: chances from 0 to 1 for each call.</summary>
internal sealed class ServiceFaults
{
    /// <summary>A call to the service fails and has no effect.</summary>
    public double CallLost { get; set; }
    /// <summary>A call to the service has its effect and the answer is lost.</summary>
    public double ReplyLost { get; set; }
    /// <summary>A transfer fails and has no effect.</summary>
    public double TransferLost { get; set; }
    /// <summary>A put is stored and the answer is lost.</summary>
    public double TransferReplyLost { get; set; }
    /// <summary>A commit is refused because its ticket is too old.</summary>
    public double TicketTooOld { get; set; }
    /// <summary>While true every call fails: there is no link.</summary>
    public bool IsDown { get; set; }
}
