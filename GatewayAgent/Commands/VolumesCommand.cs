using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Commands;

/// <summary><c>tidegate-agent volumes</c>: each volume of a running agent, with its throughput.</summary>
internal static class VolumesCommand
{
    public static Command Create()
    {
        var agent = new RunningAgent();
        var name = new Argument<string?>("volume") { Description = "Name or id of one volume; all of them without it", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("volumes", "Show the volumes of a running agent: state, progress, backlog, recovery point, write log, throughput.") { name };
        agent.AddTo(command);
        agent.AddOutputTo(command);
        command.SetAction((parsed, cancellation) => AgentCommandLine.GuardAsync(async () =>
        {
            var (json, status) = await agent.GetAsync(parsed, "/status", AgentJson.Default.AgentStatus, cancellation);
            var (_, traffic) = await agent.GetAsync(parsed, "/traffic", AgentJson.Default.TrafficDocument, cancellation);
            var wanted = parsed.GetValue(name);
            var volumes = status.Volumes.Where(v => wanted is null || v.Name == wanted || v.Status.VolumeId == wanted).ToList();
            if (wanted is not null && volumes.Count == 0)
            {
                return AgentCommandLine.Fail(ExitCode.Usage, $"The agent has no volume '{wanted}'.",
                    status.Volumes.Count == 0 ? "It has none at all." : $"It has: {string.Join(", ", status.Volumes.Select(static v => v.Name))}.");
            }
            if (agent.WantsJson(parsed)) Console.WriteLine(Json(json, volumes, traffic));
            else if (volumes.Count == 0) Console.WriteLine(status.Gateway is null ? "The gateway is not activated yet." : "The gateway has no volumes yet.");
            else Print(AgentCommandLine.Terminal(), volumes, traffic);
            return ExitCode.Success;
        }));
        return command;
    }

    /// <summary>One block of rows a volume; without <paramref name="traffic"/> no throughput.</summary>
    public static void Print(IAnsiConsole console, IReadOnlyList<NamedVolumeStatus> volumes, TrafficDocument? traffic)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("Volume", "State", "Size", "Backlog", "Recovery point", "Log filled");
        if (traffic is not null) table.AddColumns("Written", "Read", "Uploaded");
        table.AddColumn("Served at");
        foreach (var volume in volumes)
        {
            var status = volume.Status;
            List<string> row =
            [
                (volume.Name.Length > 0 ? volume.Name : status.VolumeId).EscapeMarkup(), State(volume).EscapeMarkup(), DisplayText.Size(status.SizeBytes),
                DisplayText.Size(status.BacklogBytes), DisplayText.Age(status.RecoveryPointAgeSeconds), Filled(volume),
            ];
            if (traffic is not null)
            {
                var rates = traffic.Volumes.GetValueOrDefault(status.VolumeId);
                row.AddRange([Rate(rates?.Written), Rate(rates?.Read), Rate(rates?.Uploaded)]);
            }
            table.AddRow([.. row, string.Join('\n', status.ServingAt).EscapeMarkup()]);
        }
        console.Write(table);
        foreach (var volume in volumes)
        {
            foreach (var alarm in VolumeAlarmsConverter.Messages(volume.Status.Alarms)) console.WriteLine($"{volume.Name}: ALARM: {alarm}");
        }
        foreach (var volume in volumes.Where(static v => v.Status.Reason.Length > 0))
            console.WriteLine($"{volume.Name}: {volume.Status.Reason}");
    }

    private static string State(NamedVolumeStatus volume)
    {
        var status = volume.Status;
        var state = DisplayText.State(status.State);
        if (status.LeftBytes > 0)
        {
            return status.State == VolumeRunState.PassThrough
                ? $"{state}, {DisplayText.Size(status.LeftBytes)} to bring over"
                : $"{state} {100 * status.CopiedBytes / (status.CopiedBytes + status.LeftBytes)} %{(status.RemainingSeconds is { } left ? $", {DisplayText.Span(left)} left" : "")}";
        }
        return status.HydratedBytes < status.SizeBytes && volume.Traffic is not null ? $"{state} {100 * status.HydratedBytes / status.SizeBytes} %" : state;
    }

    private static string Filled(NamedVolumeStatus volume) => volume.Traffic is { LogCapacityBytes: > 0 and var capacity }
        ? $"{Math.Min(100, 100 * volume.Status.BacklogBytes / capacity)} % of {DisplayText.Size(capacity)}"
        : "-";

    private static string Rate(IReadOnlyList<long>? rates) => rates is { Count: > 0 } ? DisplayText.Size(rates[^1]) + "/s" : "-";

    /// <summary>The page's own members, and the throughput of each volume.</summary>
    private static string Json(string statusJson, List<NamedVolumeStatus> volumes, TrafficDocument traffic)
    {
        var all = JsonNode.Parse(statusJson)!["volumes"]!.AsArray();
        var ids = volumes.Select(static v => v.Status.VolumeId).ToHashSet();
        var result = new JsonArray();
        foreach (var volume in all.Where(v => ids.Contains((string)v!["status"]!["volumeId"]!)).Select(static v => v!.DeepClone()))
        {
            if (traffic.Volumes.GetValueOrDefault((string)volume["status"]!["volumeId"]!) is { Written.Count: > 0 } rates)
            {
                volume["bytesPerSecond"] = new JsonObject { ["written"] = rates.Written[^1], ["read"] = rates.Read[^1], ["uploaded"] = rates.Uploaded[^1] };
            }
            result.Add(volume);
        }
        return result.ToJsonString(JsonSerializerOptions.Web);
    }
}
