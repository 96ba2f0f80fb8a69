using System.Reflection;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>One method that a running silo decodes calls of.</summary>
/// <param name="Contract">The interface that it belongs to.</param>
/// <param name="Method">The method.</param>
/// <param name="Request">The class of its calls on the wire, closed over <see cref="object"/> where it is generic.</param>
internal sealed record SurfaceMethod(Type Contract, MethodInfo Method, Type Request)
{
    public string Name => $"{Contract.Name}.{Method.Name}";
}
