namespace Tidegate.GatewayAgent.Nbd;

/// <summary>How the success of a request is answered.</summary>
internal enum NbdAnswer
{
    /// <summary>The reserved reply holds the data that was read.</summary>
    Data,
    Acknowledgement,
    /// <summary>The operation queues its own reply.</summary>
    Own,
}
