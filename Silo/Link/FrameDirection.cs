namespace Tidegate.Silo.Link;

/// <summary>Direction of an Orleans message, as in its header flags.</summary>
internal enum FrameDirection
{
    None = 0,
    Request = 1,
    Response = 2,
    OneWay = 3,
}
