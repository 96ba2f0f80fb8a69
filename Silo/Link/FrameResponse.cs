namespace Tidegate.Silo.Link;

/// <summary>Kind of an Orleans response, as in its header flags.</summary>
internal enum FrameResponse
{
    None = 0,
    Success = 1,
    Error = 2,
    Rejection = 3,
    Status = 4,
}
