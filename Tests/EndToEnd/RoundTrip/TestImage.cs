using System.Security.Cryptography;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>An ext4 image with files of seeded content.</summary>
internal static class TestImage
{
    public static async Task CreateAsync(string path, long bytes, int seed)
    {
        var files = path + ".files";
        Directory.CreateDirectory(files);
        var random = new Random(seed);
        for (var n = 0; n < 24; n++)
        {
            var content = new byte[random.Next(1, 2 << 20)];
            // Half of the files compress, as real ones do.
            if (n % 2 == 0) random.NextBytes(content);
            else Array.Fill(content, (byte)n);
            await File.WriteAllBytesAsync(Path.Combine(files, $"file-{n}"), content);
        }
        await using (var image = File.Create(path)) image.SetLength(bytes);
        (await ProgramRunner.RunAsync(Repository.Tool("mkfs.ext4"), ["-q", "-F", "-d", files, path])).Succeeded();
        Directory.Delete(files, recursive: true);
    }

    public static async Task<string> HashAsync(string path)
    {
        await using var stream = File.OpenRead(path);
        return Convert.ToHexString(await SHA256.HashDataAsync(stream));
    }
}
