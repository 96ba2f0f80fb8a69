namespace Tidegate.GatewayAgent.Devices;

/// <summary>How far a staging branch holds the dirty blocks.</summary>
/// <param name="Branch">The branch, 0 for none.</param>
/// <param name="Fills">Number of its last fill when that was so.</param>
/// <param name="EndBlock">Every dirty block below this one is in it.</param>
internal readonly record struct CopiedPart(long Branch, long Fills, long EndBlock);
