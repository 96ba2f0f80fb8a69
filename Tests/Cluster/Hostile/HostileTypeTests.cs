using System.Buffers;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Session;
using Orleans.Serialization.WireProtocol;
using Tidegate.Silo.Link;
using Tidegate.Tests.Cluster.Link;
using Xunit;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>Every type that the running silo's serializer knows, named in the body of a client's frame.</summary>
[Collection(GuardedPairCollection.Name)]
public sealed class HostileTypeTests(GuardedPair pair)
{
    /// <summary>What Orleans' own client sends, and what contracts are made of: exactly these.</summary>
    private static readonly string[] Plumbing =
    [
        "OrleansCodeGen.Orleans.Runtime.Invokable_IGrainCallCancellationExtension_", "OrleansCodeGen.Orleans.Runtime.Invokable_IClusterManifestSystemTarget_",
        "OrleansCodeGen.Orleans.Runtime.Invokable_IAsyncEnumerableGrainExtension_",
        "System.Byte[]", "System.DateTime", "System.DateTimeOffset", "System.Decimal", "System.Exception", "System.Guid", "System.String", "System.String[]", "System.TimeSpan",
        "Orleans.Runtime.GrainId", "Orleans.Runtime.GrainType", "Orleans.Runtime.IdSpan", "Orleans.Runtime.GrainInterfaceType", "Orleans.Runtime.CorrelationId",
        "Orleans.Metadata.MajorMinorVersion", "Orleans.Runtime.ManifestHash", "Orleans.Serialization.Invocation.CompletedResponse", "Orleans.Serialization.Invocation.ExceptionResponse", "Orleans.Serialization.ExceptionCodec",
    ];

    [Theory, InlineData(LinkClientKind.Agent), InlineData(LinkClientKind.Developer)]
    public void No_type_of_the_silos_decodes_but_those_of_open_contracts(LinkClientKind kind)
    {
        var services = pair.First.Services;
        var schema = services.GetRequiredService<BodySchemas>().Of(kind);
        var pool = services.GetRequiredService<SerializerSessionPool>();
        var (passed, refused) = (new List<Type>(), 0);
        foreach (var type in new Surface(services).SerializedTypes.Where(static type => !type.ContainsGenericParameters && type != typeof(object)))
        {
            try
            {
                new BodyWalk(schema, ReadOnlySequence<byte>.Empty).Body(new ReadOnlySequence<byte>(Named(pool, type)), isResult: false);
                passed.Add(type);
            }
            catch (LinkBreachException breach)
            {
                // An open type whose values are no empty objects is refused for its form.
                if (breach.Message.Contains("open to no client", StringComparison.Ordinal)) refused++;
                else passed.Add(type);
            }
        }

        var foreign = string.Join(", ", passed.Where(static type => !LinkContracts.Own.Assemblies.Contains(type.Assembly) && type.Assembly != typeof(HostileTypeTests).Assembly
            && !type.IsPrimitive && !Plumbing.Any(known => type.FullName == known || (known[^1] == '_' && type.FullName!.StartsWith(known, StringComparison.Ordinal)))));
        Assert.True(foreign.Length == 0, foreign);
        Assert.InRange(refused, 400, 5000);
    }

    /// <summary>A body that is an empty object of the type.</summary>
    private static byte[] Named(SerializerSessionPool pool, Type type)
    {
        using var session = pool.GetSession();
        var output = new ArrayBufferWriter<byte>();
        var writer = Writer.Create(output, session);
        writer.WriteFieldHeader(0, typeof(object), type, WireType.TagDelimited);
        writer.WriteEndObject();
        writer.Commit();
        return output.WrittenSpan.ToArray();
    }
}
