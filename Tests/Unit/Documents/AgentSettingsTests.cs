using System.CommandLine;
using System.Text.RegularExpressions;
using Tidegate.GatewayAgent.Commands;
using Tidegate.GatewayAgent.Options;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Unit.Documents;

/// <summary>What the documents say of the agent's settings is what there is.</summary>
public sealed partial class AgentSettingsTests
{
    [Fact]
    public void Every_setting_is_documented_and_no_other()
    {
        var settings = Section(File.ReadAllText(Path.Combine(Repository.Root, "docs/operating/agent.md")), "## Settings");
        var rows = settings.Split('\n').Where(static line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(
            static line => Quoted().Matches(line.Split('|')[1]).Select(static m => m.Groups[1].Value));
        Assert.Equal(AgentOptionsReader.Settings.Order(StringComparer.Ordinal), rows.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_command_and_option_of_the_agent_is_documented()
    {
        var document = Section(File.ReadAllText(Path.Combine(Repository.Root, "docs/protocols/cli.md")), "## tidegate-agent");
        Command[] commands = [RunCommand.Create(), CheckCommand.Create(), ActivateCommand.Create(), StatusCommand.Create(), VolumesCommand.Create(), VerifyCommand.Create(), LeftOverCommand.Create(), SupportBundleCommand.Create()];
        foreach (var command in commands)
        {
            Assert.Contains($"`{command.Name}", document, StringComparison.Ordinal);
            foreach (var option in command.Options)
                Assert.True(Regex.IsMatch(document, Regex.Escape(option.Name) + "\\b"), $"docs/protocols/cli.md does not have {option.Name} of {command.Name}");
        }
    }

    private static string Section(string document, string heading)
    {
        var start = document.IndexOf(heading + "\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"there is no section '{heading}'");
        var end = document.IndexOf("\n## ", start + heading.Length, StringComparison.Ordinal);
        return end < 0 ? document[start..] : document[start..end];
    }

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex Quoted();
}
