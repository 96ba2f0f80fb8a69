namespace Tidegate.Tests.EndToEnd.Nbd;

/// <summary>Real clients on a volume with its write log: the agent's device stack.</summary>
public sealed class LoggedVolumeClientTests() : RealClientTests(hasWriteLog: true);
