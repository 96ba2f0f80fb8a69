using Spectre.Console;
using Tidegate.GatewayAgent.Commands;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Commands;

public sealed class VolumesCommandTests
{
    [Fact]
    public void Alarms_are_told_with_the_volume_that_they_are_of()
    {
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Interactive = InteractionSupport.No });
        var status = new VolumeStatus("vol-1", VolumeRunState.Shadowing, "", 0, 0, [], 0, 1 << 20);
        VolumesCommand.Print(console, [
            new NamedVolumeStatus("calm", status), new NamedVolumeStatus("busy", status with { Alarms = VolumeAlarms.LogFilling | VolumeAlarms.UplinkTooSlow })], traffic: null);
        var lines = output.ToString().Split('\n').Where(static line => line.Contains("ALARM", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, lines.Count);
        Assert.All(lines, static line => Assert.StartsWith("busy: ALARM: ", line, StringComparison.Ordinal));
        Assert.Contains("70 %", lines[0], StringComparison.Ordinal);
    }
}
