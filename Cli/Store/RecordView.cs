namespace Tidegate.Cli.Store;

/// <summary>A record of a catalogue in words (<c>docs/formats/catalogue.md</c>, Records).</summary>
internal sealed record RecordView(string Kind, string Of, string Says);
