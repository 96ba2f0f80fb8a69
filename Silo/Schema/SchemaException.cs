namespace Tidegate.Silo.Schema;

/// <summary>The database is not fit to hold state: its schema or its durability settings are not what we need. The message says what to do.</summary>
internal sealed class SchemaException(string message) : Exception(message);
