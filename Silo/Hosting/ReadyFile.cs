using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.Silo.Hosting;

/// <summary>What the ready file says: written whole once the silo serves, so that whoever started it knows where.</summary>
/// <param name="ApiUrl">Base URL of the REST API.</param>
/// <param name="AgentsUrl">Base URL for agents.</param>
/// <param name="LinkEndpoint">Guarded port, <c>address:port</c>.</param>
/// <param name="Pid">Process id.</param>
/// <param name="CaFile">PEM file of the CA to pin.</param>
/// <param name="OperatorKeyFile">File of the operator's first API key.</param>
/// <param name="ConsoleUrl">Base URL of the console; null when there is none.</param>
internal sealed record ReadyFile(string ApiUrl, string AgentsUrl, string LinkEndpoint, int Pid, string CaFile, string OperatorKeyFile, string? ConsoleUrl)
{
    /// <summary>Writes the file, replacing an older one in one step.</summary>
    public async Task WriteAsync(string path)
    {
        var temporary = path + ".new";
        await File.WriteAllTextAsync(temporary, JsonSerializer.Serialize(this, ReadyFileJson.Default.ReadyFile) + "\n");
        File.Move(temporary, path, overwrite: true);
    }
}

/// <summary>Its JSON.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(ReadyFile))]
internal sealed partial class ReadyFileJson : JsonSerializerContext;
