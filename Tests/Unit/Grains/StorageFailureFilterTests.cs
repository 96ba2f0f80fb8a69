using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Serialization.Invocation;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.Grains.Hosting;
using Tidegate.Grains.Interfaces.Errors;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

/// <summary>What a failing blob store looks like to callers of grains.</summary>
public sealed class StorageFailureFilterTests
{
    private const string Secret = "the store at 10.1.2.3 answered 500";

    public static TheoryData<Exception, string, bool> Failures => new()
    {
        { new CorruptDataException("a/b", "its tag is wrong"), ErrorCodes.Corrupt, false },
        { new BlobNotFoundException("a/b"), ErrorCodes.Corrupt, false },
        { new BlobConflictException("a/b"), ErrorCodes.Corrupt, false },
        { new IOException(Secret, new InvalidOperationException(Secret)), ErrorCodes.Unavailable, true },
    };

    [Theory, MemberData(nameof(Failures))]
    public async Task A_failure_of_the_store_gets_a_code_and_keeps_its_secrets(Exception failure, string code, bool isTransient)
    {
        var told = await Assert.ThrowsAsync<TidegateException>(() => InvokeAsync(failure));
        Assert.Equal((code, isTransient), (told.Code, told.IsTransient));
        Assert.DoesNotContain(Secret, told.ToString(), StringComparison.Ordinal);
        Assert.NotNull(told.NextStep);
    }

    [Fact]
    public async Task Anything_else_passes_as_it_is()
    {
        foreach (var failure in new Exception[] { new TidegateException(ErrorCodes.NotFound, "no"), new TimeoutException(), new InvalidOperationException() })
            Assert.Same(failure, await Assert.ThrowsAnyAsync<Exception>(() => InvokeAsync(failure)));
        await InvokeAsync(null);
    }

    private static Task InvokeAsync(Exception? failure) =>
        new StorageFailureFilter(NullLogger<StorageFailureFilter>.Instance).Invoke(new FailingCall(failure));

    private sealed class FailingCall(Exception? failure) : IIncomingGrainCallContext
    {
        public Task Invoke() => failure is null ? Task.CompletedTask : Task.FromException(failure);

        public GrainId TargetId => GrainId.Create("volume", "vol-1");

        public string MethodName => "Commit";

        public IInvokable Request => throw new NotSupportedException();

        public object Grain => throw new NotSupportedException();

        public GrainId? SourceId => null;

        public GrainInterfaceType InterfaceType => throw new NotSupportedException();

        public string InterfaceName => throw new NotSupportedException();

        public MethodInfo InterfaceMethod => throw new NotSupportedException();

        public MethodInfo ImplementationMethod => throw new NotSupportedException();

        public IGrainContext TargetContext => throw new NotSupportedException();

        public object? Result { get; set; }

        public Response? Response { get; set; }
    }
}
