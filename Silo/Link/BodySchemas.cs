using Orleans.Serialization.Session;
using Orleans.Serialization.TypeSystem;

namespace Tidegate.Silo.Link;

/// <summary>What each kind of clients may have in its messages; built at start, so that a contract which the guard cannot bound keeps the silo from starting.</summary>
internal sealed class BodySchemas(SerializerSessionPool sessions, TypeConverter names, LinkContracts contracts)
{
    private readonly BodySchema _agents = new(sessions, names, contracts, LinkClientKind.Agent);
    private readonly BodySchema _developers = new(sessions, names, contracts, LinkClientKind.Developer);

    public BodySchema Of(LinkClientKind kind) => kind == LinkClientKind.Agent ? _agents : _developers;
}
