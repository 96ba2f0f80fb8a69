using System.Text.RegularExpressions;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Unit.Documents;

/// <summary>What documents name as proof exists: a test that was renamed or deleted takes its rule's proof with it.</summary>
public sealed partial class NamedTestTests
{
    [Theory]
    [InlineData("docs/formats/rules.md", 50)]
    [InlineData("docs/formats/write-path-rules.md", 35)]
    [InlineData("docs/security/threat-model.md", 40)]
    public void Every_test_and_planted_bug_that_the_rules_name_is_there(string document, int atLeast)
    {
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "Tests"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
            .Select(File.ReadAllText).ToArray();
        var named = NamedTest().Matches(File.ReadAllText(Path.Combine(Repository.Root, document)));
        Assert.True(named.Count > atLeast);
        Assert.Empty(named.Where(name => !sources.Any(source => Holds(source, name.Groups[1].Value, name.Groups[2].Value))).Select(name => name.Value).Distinct());
    }

    private static bool Holds(string source, string type, string member) =>
        Regex.IsMatch(source, $@"\b(class|enum) {type}\b") && (member.Length == 0 || Regex.IsMatch(source, $@"\b{member}\b"));

    [GeneratedRegex(@"`([A-Z]\w+)(?:\.(\w+))?`")]
    private static partial Regex NamedTest();
}
