namespace Tidegate.Silo.Hosting;

/// <summary>Whether the silo takes requests: after its start, before its stop.</summary>
internal sealed class Readiness
{
    private volatile bool _isReady;

    public bool IsReady
    {
        get => _isReady;
        set => _isReady = value;
    }
}
