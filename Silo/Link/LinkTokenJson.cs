using System.Text.Json.Serialization;

namespace Tidegate.Silo.Link;

/// <summary>Serialization of tokens, compiled ahead.</summary>
[JsonSerializable(typeof(LinkToken))]
internal sealed partial class LinkTokenJson : JsonSerializerContext;
