using System.Globalization;
using System.Security.Cryptography;
using Tidegate.Tests.Fuzz.Targets;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Fuzz.Engine;

/// <summary><c>./dev fuzz [TARGET] [--seconds N] [--seed S]</c>: each target for that long, or one; a finding is written down and ends with 1.</summary>
internal static class Campaign
{
    public static async Task<int> RunAsync(string[] options)
    {
        var (seconds, seed, names) = (10, Environment.TickCount, new List<string>());
        for (var at = 0; at < options.Length; at++)
        {
            if (options[at] is "--seconds" or "--seed" && at + 1 < options.Length && int.TryParse(options[at + 1], CultureInfo.InvariantCulture, out var value))
                _ = options[at++] == "--seconds" ? seconds = value : seed = value;
            else names.Add(options[at]);
        }

        var unknown = names.Except(AllTargets.Names).ToArray();
        if (unknown.Length > 0)
        {
            Console.Error.WriteLine($"dev: there is no target '{unknown[0]}'; there are {string.Join(", ", AllTargets.Names)}");
            return 2;
        }

        var found = 0;
        foreach (var name in names.Count > 0 ? names : AllTargets.Names)
        {
            var target = AllTargets.Make(name);
            var fuzzer = new Fuzzer(target, seed);
            var began = TimeProvider.System.GetTimestamp();
            var finding = fuzzer.Replay(Corpus.Of(name))
                ?? await fuzzer.RunAsync(() => TimeProvider.System.GetElapsedTime(began).TotalSeconds < seconds, TimeSpan.FromSeconds(seconds) + TimeSpan.FromMinutes(1));
            Console.WriteLine($"{name}: {fuzzer.Tried} inputs, {fuzzer.Outcomes} outcomes, seed {seed}: {(finding is null ? "promise kept" : "BROKEN")}");
            if (finding is null) continue;
            found++;
            Console.WriteLine(finding);
            Console.WriteLine($"written to {Save(finding)}; once it is mended, keep it in Tests/Fuzz/Corpus/{name}");
        }

        return found == 0 ? 0 : 1;
    }

    private static string Save(Finding finding)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "fuzz")).FullName;
        var path = Path.Combine(folder, $"{finding.Target}-{Convert.ToHexStringLower(SHA256.HashData(finding.Input))[..12]}.hex");
        File.WriteAllText(path, Convert.ToHexStringLower(finding.Input) + "\n");
        return path;
    }
}
