namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>
/// Remembers the throughput of the last ten minutes, so that whoever opens the page sees how it came to this. Memory is bounded:
/// three numbers a sample and volume. Thread-safe; somebody calls <see cref="Sample"/> once an interval.
/// </summary>
internal sealed class TrafficRecorder(StatusBoard board, TimeProvider time)
{
    /// <summary>Samples kept: ten minutes.</summary>
    public const int Kept = 300;

    /// <summary>Time between two samples.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Track> _tracks = new(StringComparer.Ordinal);
    private long _sequence;
    private long _at = time.GetTimestamp();
    private DateTimeOffset _until = time.GetUtcNow();

    /// <summary>Takes a sample: rates are over the time since the one before, however late this comes.</summary>
    public void Sample()
    {
        var volumes = board.Current.Volumes;
        lock (_gate)
        {
            var now = time.GetTimestamp();
            var seconds = time.GetElapsedTime(_at, now).TotalSeconds;
            if (seconds <= 0) return;
            (_at, _until, _sequence) = (now, time.GetUtcNow(), _sequence + 1);
            var served = volumes.Where(static v => v.Traffic is not null).ToDictionary(static v => v.Status.VolumeId, static v => v.Traffic!);
            foreach (var gone in _tracks.Keys.Where(id => !served.ContainsKey(id)).ToList()) _tracks.Remove(gone);
            foreach (var (id, traffic) in served)
            {
                // A volume that was not served at the sample before has counted all it has since then.
                if (!_tracks.TryGetValue(id, out var track)) _tracks[id] = track = new Track();
                track.Add(traffic, seconds);
            }
        }
    }

    /// <summary>The samples after one of that number, as far as they are kept.</summary>
    public TrafficDocument Read(long after = 0)
    {
        lock (_gate)
        {
            var samples = (int)Math.Min(Kept, _sequence - after);
            return new TrafficDocument(_sequence, Interval.TotalSeconds, _until, _tracks.ToDictionary(static t => t.Key, t => t.Value.Last(samples)));
        }
    }

    private sealed class Track
    {
        private readonly Queue<(long Read, long Written, long Uploaded)> _rates = new();
        private VolumeTraffic _last = new(0, 0, 0, 0);

        public void Add(VolumeTraffic now, double seconds)
        {
            _rates.Enqueue((
                Rate(now.ReadBytes - _last.ReadBytes), Rate(now.WrittenBytes - _last.WrittenBytes), Rate(now.UploadedBytes - _last.UploadedBytes)));
            if (_rates.Count > Kept) _rates.Dequeue();
            _last = now;

            // A volume that was closed and opened again counts from zero.
            long Rate(long bytes) => (long)Math.Max(0, bytes / seconds);
        }

        public VolumeRates Last(int samples)
        {
            var last = _rates.Skip(Math.Max(0, _rates.Count - samples)).ToList();
            return new VolumeRates([.. last.Select(static r => r.Read)], [.. last.Select(static r => r.Written)], [.. last.Select(static r => r.Uploaded)]);
        }
    }
}
