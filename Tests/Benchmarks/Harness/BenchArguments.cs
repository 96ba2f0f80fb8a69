using Tidegate.Tests.Benchmarks.Serving;

namespace Tidegate.Tests.Benchmarks.Harness;

/// <summary>What follows a bench's name on the command line.</summary>
internal static class BenchArguments
{
    /// <summary>False for anything that is not understood; <c>--store</c> is for benches that measure more than one.</summary>
    public static bool TryRead(ReadOnlySpan<string> arguments, bool takesStore, out bool isQuick, out string? store)
    {
        (isQuick, store) = (false, null);
        while (!arguments.IsEmpty)
        {
            switch (arguments)
            {
                case ["--quick", .. var rest]:
                    isQuick = true;
                    arguments = rest;
                    break;
                case ["--store", var kind, .. var rest] when takesStore && BenchStore.Kinds.Contains(kind):
                    store = kind;
                    arguments = rest;
                    break;
                default:
                    return false;
            }
        }

        return true;
    }
}
