using Tidegate.GatewayAgent.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Disks;

/// <summary>The system calls do what the interface says, and a failure names the call, the file and the errno.</summary>
public sealed class LinuxDiskTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-disk-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Gathered_pieces_land_one_after_the_other_even_past_the_limit_of_one_call()
    {
        using var file = new LinuxDisk(_directory).Open("gathered");
        var pieces = Enumerable.Range(0, 2500).Select(i => (ReadOnlyMemory<byte>)Enumerable.Repeat((byte)i, i % 7).ToArray()).ToList();
        file.WriteGather(10, pieces);
        file.SyncData();
        var expected = pieces.SelectMany(piece => piece.ToArray()).ToArray();
        var read = new byte[expected.Length];
        file.Read(10, read);
        Assert.Equal(expected, read);
        Assert.Equal(10 + expected.Length, file.SizeBytes);
    }

    [Fact]
    public void Holes_are_told_from_data_and_read_as_zero()
    {
        using var file = new LinuxDisk(_directory).Open("holes", 1 << 20);
        file.Write(65536, Enumerable.Repeat((byte)7, 65536).ToArray());
        file.SyncData();
        Assert.Equal((65536, true), file.NextExtent(0));
        Assert.Equal((65536, false), file.NextExtent(65536));
        Assert.Equal(((1 << 20) - 131072, true), file.NextExtent(131072));
        file.PunchHole(65536, 65536);
        var read = new byte[65536];
        file.Read(65536, read);
        Assert.All(read, value => Assert.Equal(0, value));
        Assert.Equal((1 << 20, true), file.NextExtent(0));
    }

    [Fact]
    public void Reserved_space_counts_as_size_and_files_are_private()
    {
        var disk = new LinuxDisk(_directory);
        using var file = disk.Open("reserved");
        file.Allocate(0, 1 << 20);
        Assert.Equal(1 << 20, file.SizeBytes);
        Assert.Equal(1 << 20, new FileInfo(Path.Combine(_directory, "reserved")).Length);
        if (OperatingSystem.IsLinux())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, "reserved")));
    }

    [Fact]
    public void Names_change_and_go()
    {
        var disk = new LinuxDisk(_directory);
        disk.Open("a").Dispose();
        disk.Rename("a", "b");
        disk.SyncDirectory();
        Assert.Equal(["b"], disk.List());
        Assert.False(disk.Exists("a"));
        disk.Delete("b");
        disk.Delete("b");
        Assert.Empty(disk.List());
        Assert.Throws<ArgumentException>(() => disk.Open("../outside"));
        Assert.Equal(2, Assert.Throws<DiskFaultException>(() => disk.Rename("none", "other")).Errno);
    }

    [Fact]
    public void Reading_past_the_end_is_an_error_that_names_the_file()
    {
        using var file = new LinuxDisk(_directory).Open("short", 100);
        var fault = Assert.Throws<DiskFaultException>(() => file.Read(50, new byte[51]));
        Assert.Contains("short", fault.Message, StringComparison.Ordinal);
        Assert.Equal(5, fault.Errno);
    }
}
