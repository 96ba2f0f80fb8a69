namespace Tidegate.Tests.Kit.Processes;

/// <summary>Where the source tree and its built programs are, found from the running test's own folder.</summary>
public static class Repository
{
    /// <summary>The folder that holds <c>Orleans.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A built program, for example <c>Program("Silo")</c>, or <c>Program("Tests.ShiftedSilo")</c> for one of the tests' own.</summary>
    public static string Program(string project)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        var path = Path.Combine(Root, "artifacts", "bin", project[(project.LastIndexOf('.') + 1)..], configuration, "Tidegate." + project);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: build the solution first.");
    }

    /// <summary>A program of the machine; the error names <c>./dev deps</c>, so that a missing one is never mistaken for a pass.</summary>
    public static string Tool(string name)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin", "/usr/bin"]);
        return folders.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The program '{name}' is missing on this machine; './dev deps' installs it.");
    }

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Orleans.sln"))) directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
