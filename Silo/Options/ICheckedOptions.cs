namespace Tidegate.Silo.Options;

/// <summary>Options that can say what is wrong with themselves; all are asked before anything starts.</summary>
public interface ICheckedOptions
{
    /// <summary>One sentence for each fault: the setting, its value, and what it may be. Empty when all is well.</summary>
    IEnumerable<string> Faults();
}
