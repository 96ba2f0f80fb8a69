namespace Tidegate.Silo.Console.Views;

/// <summary>What was refused, for the person who asked for it.</summary>
/// <param name="Title">In a few words.</param>
/// <param name="Message">What happened, to what.</param>
/// <param name="NextStep">What to do next; null when there is nothing.</param>
/// <param name="TraceId">By which the operator finds it; null when there is nothing to find.</param>
public sealed record PageError(string Title, string Message, string? NextStep, string? TraceId = null);
