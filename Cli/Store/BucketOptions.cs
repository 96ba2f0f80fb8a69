using System.CommandLine;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Rebuild;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Store;

/// <summary>Where the bucket and the keys are, and which volume of it is meant.</summary>
internal sealed class BucketOptions(Func<string, IBlobStore> openBlobs)
{
    private readonly Option<string> _blobs = new("--blobs") { Description = "The bucket: its directory; for the service's program also azure:CONTAINER, with Tidegate__Blobs__ConnectionString", HelpName = "BUCKET", Required = true, Recursive = true };
    private readonly Option<string> _keys = new("--keys") { Description = "The account's key file, or a directory of ACCOUNT.key files", HelpName = "PATH", Required = true, Recursive = true };

    public void AddTo(Command command)
    {
        command.Options.Add(_blobs);
        command.Options.Add(_keys);
    }

    public Bucket Open(ParseResult parsed)
    {
        try
        {
            return new Bucket(openBlobs(parsed.GetValue(_blobs)!), new KeyFileReader(parsed.GetValue(_keys)!));
        }
        catch (DirectoryNotFoundException missing)
        {
            throw new TidegateException(ErrorCodes.NotFound, missing.Message, "Give the bucket's directory with --blobs.");
        }
        catch (FileNotFoundException missing)
        {
            throw new StoreKeyException(missing.Message, missing);
        }
    }

    /// <summary>The volume of that name: <c>ACCOUNT/VOLUME</c>, or a volume's id that is in the bucket once.</summary>
    public static async Task<LineageId> FindAsync(Bucket bucket, string name, CancellationToken cancellationToken)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var account = slash < 0 ? "" : name[..slash];
        var found = new List<LineageId>();
        await foreach (var (lineage, _) in bucket.ListVolumesAsync(account, cancellationToken))
            if (slash < 0 ? lineage.VolumeId == name : lineage.ToString() == name) found.Add(lineage);
        return found.Count switch
        {
            1 => found[0],
            0 => throw new TidegateException(ErrorCodes.NotFound, $"The bucket holds no volume '{name}'.", "See what it holds: tidegate store inspect."),
            _ => throw new TidegateException(
                ErrorCodes.InvalidArgument, $"'{name}' could be {string.Join(" or ", found)}.", "Name it as ACCOUNT/VOLUME."),
        };
    }

    /// <summary>The volume, opened; one without a manifest cannot be.</summary>
    public static async Task<StoredVolume> OpenVolumeAsync(Bucket bucket, string name, CancellationToken cancellationToken)
    {
        var lineage = await FindAsync(bucket, name, cancellationToken);
        return await bucket.OpenAsync(lineage, cancellationToken)
            ?? throw new TidegateException(ErrorCodes.Corrupt, $"No head manifest of {lineage} is stored; without one its data cannot be read.", "Restore its head folder from a replica of the bucket.");
    }
}
