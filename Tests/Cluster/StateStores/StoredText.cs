namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>State of no grain in particular.</summary>
[GenerateSerializer, Alias("test.stored-text")]
public sealed class StoredText
{
    public StoredText()
    {
    }

    public StoredText(string text, byte[] bytes) => (Text, Bytes) = (text, bytes);

    [Id(0)] public string Text { get; set; } = "";

    [Id(1)] public byte[] Bytes { get; set; } = [];
}
