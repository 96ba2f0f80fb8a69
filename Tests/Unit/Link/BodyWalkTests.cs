using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Serialization;
using Orleans.Serialization.Invocation;
using Orleans.Serialization.Session;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>
/// The guard follows what Orleans' own serializer writes of every contract, and nothing else. When the layout moves with a new version, this
/// fails (<c>docs/protocols/link.md</c>, Bodies).
/// </summary>
public sealed class BodyWalkTests : IClassFixture<BodyWalkTests.Parts>
{
    private readonly Parts _parts;

    public BodyWalkTests(Parts parts) => _parts = parts;

    [Fact]
    public void Every_request_of_every_contract_passes_as_Orleans_writes_it()
    {
        var requests = _parts.Types.Known.Keys.Where(type => typeof(IInvokable).IsAssignableFrom(type)).ToArray();
        Assert.True(requests.Length > 12);
        foreach (var type in requests)
        {
            for (var variant = 0; variant < 4; variant++) Walk(_parts.Request(type, variant), type.ToString());
        }
    }

    [Fact]
    public void Each_kind_of_clients_sends_its_own_requests_and_none_of_the_others()
    {
        var requests = _parts.DeveloperTypes.Known.Keys.Where(static type => typeof(IInvokable).IsAssignableFrom(type)).ToArray();
        Assert.True(requests.Length > 30);
        foreach (var type in requests)
        {
            for (var variant = 0; variant < 4; variant++)
            {
                var body = _parts.Write(_parts.Request(type, variant));
                new BodyWalk(_parts.Developers, ReadOnlySequence<byte>.Empty).Body(new ReadOnlySequence<byte>(body), isResult: false);
            }
        }

        // What only Orleans' client sends by itself is both kinds'.
        var mine = requests.Where(static type => type.Assembly == typeof(IVolumeGrain).Assembly).ToArray();
        foreach (var type in mine) Assert.Contains("open to no client", Refused(_parts.Write(_parts.Request(type))), StringComparison.Ordinal);
        var agents = _parts.Types.Known.Keys.Where(static type => typeof(IInvokable).IsAssignableFrom(type) && type.Assembly == typeof(IVolumeGrain).Assembly);
        foreach (var type in agents)
        {
            var body = new ReadOnlySequence<byte>(_parts.Write(_parts.Request(type)));
            Assert.Throws<LinkBreachException>(() => new BodyWalk(_parts.Developers, ReadOnlySequence<byte>.Empty).Body(body, isResult: false));
        }
    }

    [Fact]
    public void Answers_of_observers_pass_as_Orleans_writes_them_and_so_do_errors_of_the_base_library()
    {
        var reply = _parts.WriteRaw<DeliverReply>(Response.FromResult(new DeliverReply(false, "NotFound", "no such thing")));
        new BodyWalk(_parts.Schema, ReadOnlySequence<byte>.Empty).Body(new ReadOnlySequence<byte>(reply), isResult: true);
        Walk(Response.Completed, "nothing");
        foreach (var error in new Exception[] { new TidegateException("Internal", "m", "n"), new IOException("m", new InvalidOperationException("i")), new TimeoutException() })
            Walk(Response.FromException(error), error.GetType().Name);
        Assert.Contains("of type System.Xml.XmlException", Refused(_parts.Write(Response.FromException(new System.Xml.XmlException("m")))), StringComparison.Ordinal);
        Assert.Contains("clients may not send", Refused(_parts.Write(Response.FromException(new IOException("m") { Data = { ["k"] = "v" } }))), StringComparison.Ordinal);
    }

    [Fact]
    public void Types_of_no_open_contract_are_refused_by_name_and_by_number()
    {
        foreach (var hostile in new object[] { new Dictionary<string, string>(), new HashSet<int>(), new Uri("http://x"), typeof(string), new List<object>(), new LinkPing(1, default), new Version(1, 2) })
            Assert.Contains("open to no client", Refused(_parts.Write(hostile)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_travels_with_a_hash_not_its_own_is_refused()
    {
        var bytes = _parts.Write(Heartbeat(0));
        bytes[3] ^= 1;
        Assert.Contains("a type name whose hash is not its own", Refused(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_collection_that_claims_more_than_it_has_is_refused_before_anything_is_set_aside_for_it()
    {
        var honest = _parts.Write(Heartbeat(3));
        // The length of the list is the last field 0 of one byte that says three.
        var at = honest.AsSpan().IndexOf([(byte)0x00, (byte)0x07]);
        Assert.True(at > 0);
        byte[] lying = [.. honest[..(at + 1)], .. VarUInt(8_000_000), .. honest[(at + 2)..]];
        Assert.Contains("claims 8000000 elements and has 3", Refused(lying), StringComparison.Ordinal);
        byte[] twice = [.. honest[..(at + 2)], 0x00, 0x07, .. honest[(at + 2)..]];
        Assert.Contains("a collection out of form", Refused(twice), StringComparison.Ordinal);
    }

    [Theory, InlineData(LinkLimits.BodyDepth), InlineData(100_000), InlineData(8_000_000)]
    public void Nesting_is_refused_at_its_limit_whatever_the_depth(int levels)
    {
        // An unknown field of one byte a level: the decoder would recurse into each of them.
        var (start, end) = Around(_parts.Write(Heartbeat(0)));
        byte[] hostile = [.. start, 0x27, .. VarUInt(9), .. Enumerable.Repeat((byte)0x20, levels), .. Enumerable.Repeat((byte)0xE0, levels + 1), .. end];
        Assert.Contains("nested deeper", Refused(hostile), StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_that_this_version_does_not_know_passes_within_its_measure()
    {
        var (start, end) = Around(_parts.Write(Heartbeat(0)));
        byte[] unknown = [0x27, .. VarUInt(9), 0x00, 0x03, 0x41, 0x05, 0x61, 0x62, 0xE0];
        Assert.Null(Breach([.. start, .. unknown, .. end]));
        byte[] claim = [0x01, .. VarUInt(900_000)];
        byte[] claiming = [0x27, .. VarUInt(9), .. Enumerable.Repeat(claim, 8).SelectMany(field => field), 0xE0];
        Assert.Contains("beyond all measure", Refused([.. start, .. claiming, 0x47, .. VarUInt(1), .. VarUInt(1_000_000), .. new byte[1_000_000], .. end]), StringComparison.Ordinal);
        byte[] reference = [0xC1, 0x03];
        byte[] chained = [0x27, .. VarUInt(9), .. Enumerable.Repeat(reference, LinkLimits.PlainReferences + 1).SelectMany(field => field), 0xE0];
        Assert.Contains("too many references", Refused([.. start, .. chained, .. end]), StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_count_in_their_shortest_form_alone()
    {
        foreach (var number in new ulong[] { 0, 1, 127, 128, 16_383, 16_384, (1UL << 56) - 1, 1UL << 56, (1UL << 63) - 1, 1UL << 63, ulong.MaxValue })
        {
            var (start, end) = Around(_parts.Write(Heartbeat(0)));
            // Read as Orleans writes it, and skipped whole: what follows is in its place.
            Assert.Null(Breach([.. start, 0x07, .. VarUInt(9), .. VarUInt(number), .. end]));
        }

        var (before, after) = Around(_parts.Write(Heartbeat(0)));
        Assert.Contains("longer form", Refused([.. before, 0x07, .. VarUInt(9), 0x06, 0x00, .. after]), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cut_and_every_flipped_bit_is_followed_or_refused_and_nothing_else()
    {
        var whole = _parts.Write(_parts.Request(_parts.Types.Known.Keys.First(type => type.GetFields().Any(field => field.FieldType == typeof(CommitRequest))), 1));
        for (var length = 0; length < whole.Length; length++) Assert.NotNull(Breach(whole[..length]));
        for (var bit = 0; bit < whole.Length * 8; bit++)
        {
            var bent = whole.ToArray();
            bent[bit / 8] ^= (byte)(1 << (bit % 8));
            _ = Breach(bent);
        }
    }

    [Fact]
    public void A_header_is_followed_to_the_end_of_its_request_context()
    {
        byte[] value = _parts.Write("text");
        byte[] entry = [.. VarUInt(4), (byte)'k', (byte)'e', (byte)'y', .. value];
        Assert.Null(HeaderBreach(1 << 4, [.. VarUInt(1), .. entry]));
        Assert.Null(HeaderBreach((1 << 4) | (1 << 5) | (1 << 8), [1, 2, 3, 4, .. VarUInt(7), .. VarUInt(1), .. entry]));
        Assert.Contains("ends within", HeaderBreach(1 << 4, [.. VarUInt(2), .. entry]), StringComparison.Ordinal);
        Assert.Contains("entries", HeaderBreach(1 << 4, VarUInt(uint.MaxValue)), StringComparison.Ordinal);
        Assert.Contains("nested deeper", HeaderBreach(1 << 4, [.. VarUInt(1), .. VarUInt(0), .. Enumerable.Repeat((byte)0x20, 60_000)]), StringComparison.Ordinal);
        Assert.Contains("open to no client", HeaderBreach(1 << 4, [.. VarUInt(1), .. VarUInt(0), .. _parts.Write(new Dictionary<string, string>())]), StringComparison.Ordinal);
    }

    private object Heartbeat(int volumes)
    {
        var type = _parts.Types.Known.Keys.First(known => typeof(IInvokable).IsAssignableFrom(known) && known.GetField("arg0")?.FieldType == typeof(LinkHeartbeat));
        var request = Activator.CreateInstance(type)!;
        var status = Enumerable.Range(0, volumes).Select(number => (VolumeStatus)_parts.Sample(typeof(VolumeStatus), number * 2)!).ToArray();
        type.GetField("arg0")!.SetValue(request, new LinkHeartbeat(5, 9, 1, status));
        return request;
    }

    /// <summary>A request cut before the end of itself, where another field of its own may stand.</summary>
    private static (byte[] Start, byte[] End) Around(byte[] request)
    {
        Assert.Equal(0xE0, request[^1]);
        return (request[..^1], [0xE0]);
    }

    private static byte[] VarUInt(ulong value)
    {
        var output = new ArrayBufferWriter<byte>();
        using var session = Parts.Sessions.GetSession();
        var writer = Orleans.Serialization.Buffers.Writer.Create(output, session);
        writer.WriteVarUInt64(value);
        writer.Commit();
        return output.WrittenSpan.ToArray();
    }

    private string Refused(byte[] body) => Breach(body) ?? throw new Xunit.Sdk.XunitException("The body was not refused: " + Convert.ToHexString(body.AsSpan(0, Math.Min(body.Length, 400))));

    private string? Breach(byte[] body) => Caught(() => new BodyWalk(_parts.Schema, ReadOnlySequence<byte>.Empty).Body(new ReadOnlySequence<byte>(body), isResult: false));

    private string? HeaderBreach(uint flags, byte[] rest) => Caught(() => new BodyWalk(_parts.Schema, new ReadOnlySequence<byte>(rest)).Header(flags));

    private static string? Caught(Action walk)
    {
        try
        {
            walk();
            return null;
        }
        catch (LinkBreachException breach)
        {
            return breach.Message;
        }
    }

    private void Walk(object body, string what)
    {
        var bytes = _parts.Write(body);
        if (Breach(bytes) is { } breach) Assert.Fail($"{what}: {breach}\n{Convert.ToHexString(bytes)}");
    }

    /// <summary>Orleans' serializer, and the guard's view of the contracts.</summary>
    public sealed class Parts : IDisposable
    {
        private readonly ServiceProvider _services = new ServiceCollection().AddLogging().AddOrleansClient(client => client.UseLocalhostClustering()).BuildServiceProvider();

        public static SerializerSessionPool Sessions { get; private set; } = null!;

        public Parts()
        {
            Sessions = _services.GetRequiredService<SerializerSessionPool>();
            Types.AddContracts(LinkClientKind.Agent);
            DeveloperTypes.AddContracts(LinkClientKind.Developer);
            Schema = new BodySchema(Sessions, _services.GetRequiredService<Orleans.Serialization.TypeSystem.TypeConverter>(), LinkContracts.Own, LinkClientKind.Agent);
            Developers = new BodySchema(Sessions, _services.GetRequiredService<Orleans.Serialization.TypeSystem.TypeConverter>(), LinkContracts.Own, LinkClientKind.Developer);
        }

        internal BodyTypes Types { get; } = new(LinkContracts.Own);

        internal BodySchema Schema { get; }

        internal BodyTypes DeveloperTypes { get; } = new(LinkContracts.Own);

        internal BodySchema Developers { get; }

        /// <summary>A successful response as messages carry it: the result's type stands for the response's.</summary>
        internal byte[] WriteRaw<T>(Response response)
        {
            using var session = Sessions.GetSession();
            var output = new ArrayBufferWriter<byte>();
            var writer = Orleans.Serialization.Buffers.Writer.Create(output, session);
            ((ResponseCodec)session.CodecProvider.GetCodec(typeof(Response<T>))).WriteRaw(ref writer, response);
            writer.Commit();
            return output.WrittenSpan.ToArray();
        }

        internal byte[] Write(object body) => _services.GetRequiredService<Serializer>().SerializeToArray<object>(body);

        internal object Request(Type type, int variant = 0)
        {
            var request = Activator.CreateInstance(type)!;
            foreach (var argument in type.GetFields().Where(field => field.Name.StartsWith("arg", StringComparison.Ordinal))) argument.SetValue(request, Sample(argument.FieldType, variant));
            return request;
        }

        /// <summary>A value of the type with everything in it that it can hold.</summary>
        internal object? Sample(Type type, int number)
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            if (type == typeof(string)) return $"text {number}";
            if (type == typeof(byte[])) return new byte[number];
            if (type == typeof(CancellationToken)) return CancellationToken.None;
            if (type == typeof(DateTimeOffset)) return DateTimeOffset.UnixEpoch.AddDays(number);
            if (type.IsEnum) return Enum.GetValues(type).GetValue(0);
            if (type.IsPrimitive) return Convert.ChangeType(number % 2, type, CultureInfo.InvariantCulture);
            if (type.IsValueType) return Activator.CreateInstance(type);
            if (typeof(IAddressable).IsAssignableFrom(type)) return null;
            if (typeof(IRequest).IsAssignableFrom(type)) return Request(Types.Known.Keys.Concat(DeveloperTypes.Known.Keys).First(known => type.IsAssignableFrom(known) && known != type));
            if (type.IsGenericType || type.IsArray)
            {
                var element = type.IsArray ? type.GetElementType()! : type.GetGenericArguments()[0];
                var items = Array.CreateInstance(element, 3);
                for (var at = 0; at < items.Length; at++) items.SetValue(Sample(element, number + at), at);
                if (number % 3 == 0 || type.IsArray) return items;
                // Both kinds that code makes of its lists: by name, and by the compiler.
                return number % 3 == 1
                    ? Activator.CreateInstance(typeof(List<>).MakeGenericType(element), items)
                    : GetType().GetMethod(nameof(Expression))!.MakeGenericMethod(element).Invoke(null, [items]);
            }

            if (type.IsAbstract) return Sample(type.Assembly.GetTypes().Last(derived => derived.BaseType == type), number);
            var constructor = type.GetConstructors().MaxBy(candidate => candidate.GetParameters().Length)!;
            return constructor.Invoke([.. constructor.GetParameters().Select((parameter, at) => Sample(parameter.ParameterType, number + at))]);
        }

        public static IReadOnlyList<T> Expression<T>(T[] items) => [.. items.AsEnumerable()];

        public void Dispose() => _services.Dispose();
    }
}
