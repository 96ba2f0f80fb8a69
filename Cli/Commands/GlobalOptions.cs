using System.CommandLine;
using Tidegate.Cli.Output;
using Tidegate.Cli.Profiles;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary>Options that every command takes, and what follows from them: printer, profile, client.</summary>
internal sealed class GlobalOptions(TextWriter output, TextWriter errors, TimeProvider time)
{
    private readonly Option<string> _output = new("--output", "-o") { Description = "table or json", Recursive = true, DefaultValueFactory = static _ => "table" };
    private readonly Option<string?> _api = new("--api") { Description = "Address of the API", HelpName = "URL", Recursive = true };
    private readonly Option<string?> _ca = new("--ca") { Description = "PEM file of the CA to trust", HelpName = "FILE", Recursive = true };
    private readonly Option<string?> _key = new("--key") { Description = "API key; TIDEGATE_KEY does not show in process lists", HelpName = "KEY", Recursive = true };
    private readonly Option<string?> _profileDirectory = new("--profile-dir") { Description = "Where profiles are kept", HelpName = "DIR", Recursive = true };
    private readonly Option<string?> _profile = new("--profile") { Description = "Which profile to use (default: default)", HelpName = "NAME", Recursive = true };

    public TimeProvider Time { get; } = time;

    public void AddTo(RootCommand root)
    {
        _output.AcceptOnlyFromAmong("table", "json");
        foreach (var option in new Option[] { _output, _api, _ca, _key, _profileDirectory, _profile }) root.Options.Add(option);
    }

    public Printer CreatePrinter(ParseResult parsed)
    {
        // A wrong --output is reported in words.
        var asJson = parsed.Errors.Count == 0 && parsed.GetValue(_output) == "json";
        return new Printer(output, errors, asJson, errors == Console.Error && !Console.IsErrorRedirected, output == Console.Out && !Console.IsOutputRedirected);
    }

    public string ProfileName(ParseResult parsed) => parsed.GetValue(_profile) ?? FromEnvironment("PROFILE") ?? "default";

    public ProfileStore Profiles(ParseResult parsed) =>
        new(Path.GetFullPath(parsed.GetValue(_profileDirectory) ?? FromEnvironment("PROFILE_DIR") ?? ProfileStore.DefaultDirectory));

    /// <summary>Address and CA as given by option or environment.</summary>
    public (string? Api, string? Ca) Endpoint(ParseResult parsed) =>
        (parsed.GetValue(_api) ?? FromEnvironment("API"), parsed.GetValue(_ca) ?? FromEnvironment("CA"));

    /// <summary>Everything a command on the API needs: options win over environment, and it over the profile.</summary>
    public Session Open(ParseResult parsed)
    {
        var (api, ca) = Endpoint(parsed);
        var key = parsed.GetValue(_key) ?? FromEnvironment("KEY");
        // A profile is looked at only when something is missing, so that a damaged one is not in the way of a full command line.
        var profile = api is null || key is null || ca is null ? Profiles(parsed).Load(ProfileName(parsed)) : null;
        api ??= profile?.ApiUrl;
        key ??= profile?.ApiKey.Reveal();
        if (api is null || key is null)
            throw new TidegateException(
                ErrorCodes.Unauthenticated, $"There is no profile '{ProfileName(parsed)}' and {(api is null ? "no --api" : "no --key")} either.",
                "Run tidegate setup once, or give --api, --ca and --key (or TIDEGATE_API, TIDEGATE_CA, TIDEGATE_KEY).");
        // The profile's CA is that of the profile's service.
        ca ??= profile is not null && string.Equals(api, profile.ApiUrl, StringComparison.Ordinal) ? profile.CaFile : null;
        return new Session(CreateClient(api, ca, key), CreatePrinter(parsed), Time);
    }

    public TidegateRestClient CreateClient(string api, string? ca, string? key)
    {
        if (!Uri.TryCreate(api, UriKind.Absolute, out var endpoint))
            throw new TidegateException(ErrorCodes.InvalidArgument, $"'{api}' is no address of an API.", "Give a URL such as https://tidegate.example.net.");
        return new TidegateRestClient(new RestClientOptions { Endpoint = endpoint, CaFile = ca, ApiKey = key }, Time);
    }

    private static string? FromEnvironment(string name) => Environment.GetEnvironmentVariable("TIDEGATE_" + name) is { Length: > 0 } value ? value : null;
}
