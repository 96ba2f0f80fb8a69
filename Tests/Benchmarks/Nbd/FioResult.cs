namespace Tidegate.Tests.Benchmarks.Nbd;

/// <summary>One run: operations and MiB a second, 99th percentile of latency, and the server's processor time for one operation.</summary>
internal sealed record FioResult(double Iops, double MibPerSecond, double P99Microseconds, double CpuMicrosecondsPerOperation);
