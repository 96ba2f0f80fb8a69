using System.CommandLine;
using Tidegate.BlockStore.Blobs;
using Tidegate.Cli.Commands;

namespace Tidegate.Cli.Store;

/// <summary>
/// <c>tidegate store</c>: works on a bucket with nothing but an account's key (<c>docs/protocols/cli.md</c>). The silo's program has the
/// same commands, with the blob services that it alone knows.
/// </summary>
internal static class StoreCommands
{
    public static Command Create(GlobalOptions globals, Func<string, IBlobStore> openBlobs)
    {
        var bucket = new BucketOptions(openBlobs);
        var command = new Command("store", "Verify, inspect and export what is stored, with the bucket and the account's key alone: no service is asked.")
        {
            VerifyCommand.Create(globals, bucket), InspectCommand.Create(globals, bucket), ExportCommand.Create(globals, bucket),
        };
        bucket.AddTo(command);
        return command;
    }

    /// <summary>A bucket that is a directory, opened for reading.</summary>
    public static IBlobStore OpenDirectory(string path) => DirectoryBlobStore.OpenForReading(path);
}
