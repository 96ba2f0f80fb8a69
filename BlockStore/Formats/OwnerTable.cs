namespace Tidegate.BlockStore.Formats;

/// <summary>
/// The lineages an object names, each once (<c>docs/formats/overview.md</c>, Owner table). Items name them by position, so
/// that a hundred references to one origin cost its name once.
/// </summary>
internal sealed class OwnerTable
{
    /// <summary>Most owners one object may name: the depth of a chain of clones that one page can reach.</summary>
    public const int MaxOwners = 1024;

    private readonly List<LineageId> _owners = [];
    private readonly Dictionary<LineageId, int> _positions = [];

    public int Intern(LineageId owner)
    {
        if (_positions.TryGetValue(owner, out var position)) return position;
        if (_owners.Count == MaxOwners) throw new InvalidOperationException($"An object may name at most {MaxOwners} lineages.");
        _positions[owner] = _owners.Count;
        _owners.Add(owner);
        return _owners.Count - 1;
    }

    public void Write(FormatWriter writer)
    {
        writer.U32(_owners.Count);
        foreach (var owner in _owners)
        {
            writer.Text(owner.AccountId);
            writer.Text(owner.VolumeId);
        }
    }

    public static OwnerTable Read(ref FormatReader reader)
    {
        var table = new OwnerTable();
        var count = reader.Count("owner count", MaxOwners, 4);
        for (var i = 0; i < count; i++)
        {
            var account = reader.Text("owner account");
            var volume = reader.Text("owner volume");
            if (!LineageId.IsPart(account) || !LineageId.IsPart(volume)) throw reader.Corrupt($"owner {i} is not a lineage");
            if (table.Intern(new LineageId(account, volume)) != i) throw reader.Corrupt($"owner {i} is named twice");
        }
        return table;
    }

    public LineageId Get(ref FormatReader reader, string field)
    {
        var position = reader.U16(field);
        return position < _owners.Count ? _owners[position] : throw reader.Corrupt($"{field} names owner {position} of {_owners.Count}");
    }
}
