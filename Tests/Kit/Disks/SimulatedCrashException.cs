namespace Tidegate.Tests.Kit.Disks;

/// <summary>The simulated machine lost power: nothing that runs on it gets an answer any more.</summary>
internal sealed class SimulatedCrashException() : Exception("The simulated machine has crashed.");
