namespace Tidegate.Tests.EndToEnd.Nbd;

/// <summary>Real clients on a plain file: the protocol alone.</summary>
public sealed class PlainFileClientTests() : RealClientTests(hasWriteLog: false);
