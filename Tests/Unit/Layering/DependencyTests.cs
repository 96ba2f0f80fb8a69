using System.Text.Json;
using System.Xml.Linq;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Unit.Layering;

/// <summary>Dependencies point one way (ARCHITECTURE.md, Layers): what the project files say and what the assemblies really use.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["BlockStore"] = [],
        ["Grains.Interfaces"] = [],
        ["Client"] = ["Grains.Interfaces"],
        ["Grains"] = ["Grains.Interfaces", "BlockStore"],
        ["Silo"] = ["Grains", "Client", "Grains.Interfaces", "BlockStore", "Cli"],
        ["GatewayAgent"] = ["Client", "BlockStore", "Grains.Interfaces"],
        ["Cli"] = ["Client", "Grains.Interfaces", "BlockStore"],
    };

    public static TheoryData<string> Projects => [.. Allowed.Keys];

    [Theory, MemberData(nameof(Projects))]
    public void Project_references_only_what_its_layer_may(string project)
    {
        var document = XDocument.Load(Path.Combine(Repository.Root, project, project + ".csproj"));
        var references = document.Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(Allowed[project]));
    }

    [Theory, MemberData(nameof(Projects))]
    public void Assembly_uses_only_what_its_layer_may(string project)
    {
        var assembly = System.Reflection.Assembly.Load("Tidegate." + project);
        var used = assembly.GetReferencedAssemblies().Select(a => a.Name!)
            .Where(n => n.StartsWith("Tidegate.", StringComparison.Ordinal)).Select(n => n["Tidegate.".Length..]);
        Assert.Empty(used.Except(Allowed[project]));
    }

    [Theory, InlineData("BlockStore")]
    public void Block_formats_know_nothing_of_the_cluster(string project)
    {
        var used = System.Reflection.Assembly.Load("Tidegate." + project).GetReferencedAssemblies().Select(a => a.Name!);
        Assert.DoesNotContain(used, n => n.StartsWith("Orleans", StringComparison.Ordinal) || n.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    /// <summary>By the lock files, so that no package comes in through another one either.</summary>
    [Fact]
    public void Stores_and_brokers_appear_in_the_silo_alone()
    {
        string[] siloOnly = ["Azure.", "Confluent.", "librdkafka", "Npgsql", "Microsoft.Data.Sqlite", "dbup-"];
        var offenders =
            from project in Allowed.Keys
            where project != "Silo"
            from package in LockedPackages(project)
            where siloOnly.Any(s => package.StartsWith(s, StringComparison.OrdinalIgnoreCase))
            select $"{project} -> {package}";
        Assert.Empty(offenders);
        Assert.Contains("Npgsql", LockedPackages("Silo"));
    }

    private static IEnumerable<string> LockedPackages(string project)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Root, project, "packages.lock.json")));
        return [.. document.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject()).Select(package => package.Name)];
    }
}
