using System.Text.Json;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>Keeps the ready file in step with the status board. Its reader sees whole documents only; it is its owner's alone, for it may hold an activation key.</summary>
internal sealed class ReadyFile(string path, string localUrl)
{
    private ReadyDocument? _written;

    /// <summary>Writes the file when anything in it changed.</summary>
    public void Update(AgentStatus status)
    {
        var document = new ReadyDocument(
            Environment.ProcessId, status.NbdUri, localUrl, status.State, status.Activation?.ActivationKey, status.Gateway?.GatewayId);
        if (document == _written) return;
        var fresh = path + ".new";
        File.Delete(fresh);
        using (var file = new FileStream(fresh, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            JsonSerializer.Serialize(file, document, AgentJson.Default.ReadyDocument);
        }
        File.Move(fresh, path, overwrite: true);
        _written = document;
    }

    /// <summary>Removes the file: the agent is gone.</summary>
    public void Remove() => File.Delete(path);
}
