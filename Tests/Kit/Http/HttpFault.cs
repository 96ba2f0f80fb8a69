namespace Tidegate.Tests.Kit.Http;

/// <summary>What a <see cref="FaultProxy"/> does with one request.</summary>
public enum HttpFault
{
    /// <summary>Passes it on and gives the answer back.</summary>
    None,
    /// <summary>Answers 500 in the server's place.</summary>
    ServerError,
    /// <summary>Answers 503 in the server's place.</summary>
    Busy,
    /// <summary>Breaks the connection before the server hears of it.</summary>
    Refuse,
    /// <summary>Passes its head and half of its body on and breaks both connections, as a way does that is cut in the middle of an upload.</summary>
    CutRequest,
    /// <summary>Passes it on, waits for the server's answer and breaks the connection instead of giving it: a lost acknowledgement.</summary>
    LoseAnswer,
    /// <summary>Passes it on and gives half of the answer.</summary>
    CutAnswer,
    /// <summary>Takes it and never answers, until the client gives up or the proxy is told to heal.</summary>
    Stall,
    /// <summary>Passes it on whole, and takes it from the client so slowly that a disk outpaces it by far: 16 KiB every 10 ms.</summary>
    Slow,
}
