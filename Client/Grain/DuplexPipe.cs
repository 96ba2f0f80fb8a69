using System.IO.Pipelines;

namespace Tidegate.Client.Grain;

/// <summary>Two ends put together.</summary>
public sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
{
    /// <inheritdoc/>
    public PipeReader Input => input;
    /// <inheritdoc/>
    public PipeWriter Output => output;
}
