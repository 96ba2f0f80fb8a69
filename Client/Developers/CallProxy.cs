using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Developers;

/// <summary>
/// Stands for a grain, whichever connection there is: each call takes the present one, and every failure is a <see cref="TidegateException"/>. What is open to
/// no developer is refused here, because sent it would cost the connection.
/// </summary>
internal class CallProxy : DispatchProxy
{
    private static readonly MethodInfo _ask = typeof(CallProxy).GetMethod(nameof(AskAsync), BindingFlags.Instance | BindingFlags.NonPublic)!;
    private static readonly MethodInfo _stream = typeof(CallProxy).GetMethod(nameof(Stream), BindingFlags.Instance | BindingFlags.NonPublic)!;
    private static readonly ConcurrentDictionary<MethodInfo, MethodInfo?> _carriers = [];

    private DeveloperLinks _links = null!;
    private Func<IClusterClient, object> _find = null!;
    private string _key = "";
    private KeyBelongsToAttribute? _belongs;

    /// <summary>A proxy of the grain with this key.</summary>
    public static TGrain Create<TGrain>(DeveloperLinks links, string key) where TGrain : IGrainWithStringKey
    {
        var made = Create<TGrain, CallProxy>();
        var proxy = (CallProxy)(object)made;
        (proxy._links, proxy._key) = (links, key);
        proxy._find = client => client.GetGrain<TGrain>(key);
        proxy._belongs = typeof(TGrain).GetCustomAttribute<KeyBelongsToAttribute>();
        return made;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        ArgumentNullException.ThrowIfNull(targetMethod);
        if (Refusal(targetMethod) is { } refusal) throw refusal;
        var carrier = _carriers.GetOrAdd(targetMethod, CarrierOf);
        return carrier is null ? CallAsync(targetMethod, args) : carrier.Invoke(this, BindingFlags.DoNotWrapExceptions, null, [targetMethod, args], null);
    }

    private static MethodInfo? CarrierOf(MethodInfo method)
    {
        var returned = method.ReturnType;
        if (!returned.IsGenericType) return null;
        return (returned.GetGenericTypeDefinition() == typeof(Task<>) ? _ask : _stream).MakeGenericMethod(returned.GetGenericArguments());
    }

    private TidegateException? Refusal(MethodInfo method)
    {
        var roles = method.GetCustomAttribute<ReachableByAttribute>()?.Roles ?? [];
        if (_belongs is null || roles.All(static role => role is Role.Agent or Role.Operator))
            return new TidegateException(ErrorCodes.Forbidden, $"{method.DeclaringType!.Name}.{method.Name} is the service's own and open to no client.", "Use the methods that say whom they are open to.");
        if (ResourceId.IsValid(_belongs.Kind, _key)) return null;
        var resource = _belongs.Kind == ResourceKind.SnapshotGroup ? "Snapshot group" : _belongs.Kind.ToString();
        return new TidegateException(ErrorCodes.NotFound, $"{resource} {_key} does not exist.", "Check the id; list the resources of this account to see what there is.");
    }

    private async Task CallAsync(MethodInfo method, object?[]? args)
    {
        var link = await LeaseAsync(method);
        try
        {
            await EndedAsync((Task)On(link, method, args), link, method);
        }
        catch (Exception error)
        {
            throw CallErrors.Of(error, Name(method));
        }
        finally
        {
            link.Release();
        }
    }

    private async Task<T> AskAsync<T>(MethodInfo method, object?[]? args)
    {
        var link = await LeaseAsync(method);
        try
        {
            var call = (Task<T>)On(link, method, args);
            await EndedAsync(call, link, method);
            return await call;
        }
        catch (Exception error)
        {
            throw CallErrors.Of(error, Name(method));
        }
        finally
        {
            link.Release();
        }
    }

    private IAsyncEnumerable<T> Stream<T>(MethodInfo method, object?[]? args) => ItemsAsync<T>(method, args, args!.OfType<CancellationToken>().FirstOrDefault());

    private async IAsyncEnumerable<T> ItemsAsync<T>(MethodInfo method, object?[]? args, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var link = await LeaseAsync(method);
        try
        {
            var items = ((IAsyncEnumerable<T>)On(link, method, args)).GetAsyncEnumerator(cancellation);
            try
            {
                while (await NextAsync(items, link, method, cancellation)) yield return items.Current;
            }
            finally
            {
                // What ran over a connection that has ended, the service ends by itself.
                if (!link.Lost.IsCompleted) await items.DisposeAsync().AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            link.Release();
        }
    }

    private async Task<bool> NextAsync<T>(IAsyncEnumerator<T> items, DeveloperLink link, MethodInfo method, CancellationToken cancellation)
    {
        try
        {
            var next = items.MoveNextAsync().AsTask();
            await EndedAsync(next, link, method);
            return await next;
        }
        catch (Exception error)
        {
            throw CallErrors.Of(error, Name(method), cancellation);
        }
    }

    /// <summary>Orleans waits for the answer of a call until its time is over, whether or not there is still a connection that it could come by.</summary>
    private async Task EndedAsync(Task call, DeveloperLink link, MethodInfo method)
    {
        if (await Task.WhenAny(call, link.Lost) != call && !call.IsCompleted)
        {
            _ = call.ContinueWith(static late => late.Exception, TaskScheduler.Default);
            throw CallErrors.CutOff(Name(method));
        }

        await call;
    }

    private async Task<DeveloperLink> LeaseAsync(MethodInfo method)
    {
        try
        {
            return await _links.LeaseAsync();
        }
        catch (Exception error)
        {
            throw CallErrors.Of(error, Name(method));
        }
    }

    private object On(DeveloperLink link, MethodInfo method, object?[]? args) => method.Invoke(_find(link.Cluster), BindingFlags.DoNotWrapExceptions, null, args, null)!;

    private string Name(MethodInfo method) => $"{method.Name} of {_key}";
}
