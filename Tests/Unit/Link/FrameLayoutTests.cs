using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Serialization.Session;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>
/// The canary: Orleans' own serializer writes a frame, and the guard reads it. When the layout moves with a new version,
/// this fails, and the guard must be fitted to it before that version is used (<c>docs/protocols/link.md</c>, frames).
/// </summary>
public sealed class FrameLayoutTests : IDisposable
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
    private static readonly Assembly _core = typeof(ClusterOptions).Assembly;
    private static readonly GrainId _sender = GrainId.Create("sys.client", "0123456789abcdef+observer");
    private static readonly GrainId _target = GrainId.Create("gateway", "gw-00000000000000000001");
    private static readonly SiloAddress _silo = SiloAddress.New(new IPEndPoint(IPAddress.Parse("10.1.2.3"), 30000), 0);

    private readonly ServiceProvider _services = new ServiceCollection().AddLogging().AddOrleansClient(client => client.UseLocalhostClustering()).BuildServiceProvider();

    [Fact]
    public void The_version_is_the_one_that_the_guard_was_fitted_to() =>
        Assert.StartsWith("10.4.2", _core.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion, StringComparison.Ordinal);

    [Theory, InlineData(1, 0), InlineData(2, 2), InlineData(2, 3), InlineData(3, 0)]
    public void The_guard_reads_what_Orleans_writes(int direction, int response)
    {
        var header = Write(direction, response, cacheInvalidation: false);
        var frame = FrameHeader.Read(new ReadOnlySequence<byte>(header), _services.GetRequiredService<SerializerSessionPool>());
        Assert.Equal((FrameDirection)direction, frame.Direction);
        Assert.Equal((FrameResponse)response, frame.Response);
        Assert.Equal(0x0102030405060708, frame.Id);
        Assert.Equal(_sender, frame.Sender);
        Assert.Equal(_target, frame.Target);
        Assert.Equal(_silo.Endpoint, frame.TargetSilo);
        Assert.False(frame.HasCacheInvalidation);
    }

    [Fact]
    public void A_cache_invalidation_header_is_seen() =>
        Assert.True(FrameHeader.Read(new ReadOnlySequence<byte>(Write(1, 0, cacheInvalidation: true)), _services.GetRequiredService<SerializerSessionPool>()).HasCacheInvalidation);

    [Fact]
    public void Every_cut_and_every_flipped_bit_is_read_or_refused_but_never_believed_halfway()
    {
        var whole = Write(1, 0, cacheInvalidation: false);
        var sessions = _services.GetRequiredService<SerializerSessionPool>();
        for (var length = 0; length < whole.Length; length++) ReadOrBreach(whole[..length], sessions);
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var bent = whole.ToArray();
            bent[bit / 8] ^= (byte)(1 << (bit % 8));
            ReadOrBreach(bent, sessions);
        }
    }

    public void Dispose() => _services.Dispose();

    private static void ReadOrBreach(byte[] header, SerializerSessionPool sessions)
    {
        try
        {
            _ = FrameHeader.Read(new ReadOnlySequence<byte>(header), sessions);
        }
        catch (LinkBreachException)
        {
            // The one way out that the guard knows.
        }
    }

    /// <summary>A message written by Orleans, as its header's bytes.</summary>
    private byte[] Write(int direction, int response, bool cacheInvalidation)
    {
        var type = _core.GetType("Orleans.Runtime.Message", throwOnError: true)!;
        var message = Activator.CreateInstance(type)!;
        Set(message, "SendingGrain", _sender);
        Set(message, "TargetGrain", _target);
        Set(message, "SendingSilo", _silo);
        Set(message, "TargetSilo", _silo);
        Set(message, "Direction", Enum.ToObject(type.GetProperty("Direction")!.PropertyType, direction));
        Set(message, "Result", Enum.ToObject(type.GetProperty("Result")!.PropertyType, response));
        Set(message, "Id", Activator.CreateInstance(type.GetProperty("Id")!.PropertyType, Any, null, [0x0102030405060708L], null)!);
        if (cacheInvalidation) Set(message, "CacheInvalidationHeader", Activator.CreateInstance(type.GetProperty("CacheInvalidationHeader")!.PropertyType)!);

        var serializerType = _core.GetType("Orleans.Runtime.Messaging.MessageSerializer", throwOnError: true)!;
        var serializer = ActivatorUtilities.CreateInstance(_services, serializerType, new ClientMessagingOptions());
        var pipe = new Pipe();
        serializerType.GetMethod("Write", Any)!.Invoke(serializer, [pipe.Writer, message]);
        pipe.Writer.FlushAsync().AsTask().GetAwaiter().GetResult();
        Assert.True(pipe.Reader.TryRead(out var read));
        var frame = read.Buffer.ToArray();
        var length = BitConverter.ToInt32(frame, 0);
        Assert.Equal(0, BitConverter.ToInt32(frame, 4));
        Assert.Equal(8 + length, frame.Length);
        return frame[8..];
    }

    private static void Set(object target, string property, object value) => target.GetType().GetProperty(property, Any)!.SetValue(target, value);
}
