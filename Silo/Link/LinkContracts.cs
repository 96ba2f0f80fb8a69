using System.Reflection;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>The assemblies whose grain contracts clients may have a part in; what they hold is what the guard lets decode.</summary>
internal sealed record LinkContracts(params Assembly[] Assemblies)
{
    /// <summary>The service's own.</summary>
    public static readonly LinkContracts Own = new(typeof(Caller).Assembly);

    /// <summary>Whose calls a kind of clients may put into a message: what is open to it. Tests let more decode, to see the next layer refuse it.</summary>
    public Func<MethodInfo, LinkClientKind, bool> LetsDecode { get; init; } = OpenGrainTypes.IsOpen;

    /// <summary>Every type of them.</summary>
    public IEnumerable<Type> Types => Assemblies.SelectMany(static assembly => assembly.GetTypes());
}
