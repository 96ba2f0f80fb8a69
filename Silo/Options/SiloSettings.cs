namespace Tidegate.Silo.Options;

/// <summary>All settings of a silo, read and checked before anything starts.</summary>
internal sealed class SiloSettings
{
    private SiloSettings(StateOptions state, ListenerOptions listeners, ClusterSettings cluster, BlobOptions blobs, DataOptions data, ApiOptions api, CompactionSettings compaction,
        MergeSettings merging, ScrubOptions scrub, ReclaimOptions reclaim, AuditOptions audit, IdentityProviderOptions identityProvider, PkiOptions pki)
    {
        (State, Listeners, Cluster, Blobs, Data, Api) = (state, listeners, cluster, blobs, data, api);
        (Compaction, Merging, Scrub, Reclaim, Audit, IdentityProvider, Pki) = (compaction, merging, scrub, reclaim, audit, identityProvider, pki);
        if (Blobs.Directory.Length == 0) Blobs.Directory = Path.Combine(Path.GetFullPath(state.Directory), "blobs");
    }

    public StateOptions State { get; }

    public ListenerOptions Listeners { get; }

    public ClusterSettings Cluster { get; }

    public BlobOptions Blobs { get; }

    public DataOptions Data { get; }

    public ApiOptions Api { get; }

    public CompactionSettings Compaction { get; }

    public MergeSettings Merging { get; }

    public ScrubOptions Scrub { get; }

    public ReclaimOptions Reclaim { get; }

    public AuditOptions Audit { get; }

    public IdentityProviderOptions IdentityProvider { get; }

    public PkiOptions Pki { get; }

    /// <summary>Reads the sections; throws <see cref="SettingsException"/> that lists every fault of all of them.</summary>
    public static SiloSettings Read(IConfiguration configuration)
    {
        var faults = new List<string>();
        var state = Bind<StateOptions>(configuration, StateOptions.Section, faults);
        var listeners = Bind<ListenerOptions>(configuration, ListenerOptions.Section, faults);
        var cluster = Bind<ClusterSettings>(configuration, ClusterSettings.Section, faults);
        var blobs = Bind<BlobOptions>(configuration, BlobOptions.Section, faults);
        var data = Bind<DataOptions>(configuration, DataOptions.Section, faults);
        var api = Bind<ApiOptions>(configuration, ApiOptions.Section, faults);
        var compaction = Bind<CompactionSettings>(configuration, CompactionSettings.Section, faults);
        var merging = Bind<MergeSettings>(configuration, MergeSettings.Section, faults);
        var scrub = Bind<ScrubOptions>(configuration, ScrubOptions.Section, faults);
        var reclaim = Bind<ReclaimOptions>(configuration, ReclaimOptions.Section, faults);
        var audit = Bind<AuditOptions>(configuration, AuditOptions.Section, faults);
        var identityProvider = Bind<IdentityProviderOptions>(configuration, IdentityProviderOptions.Section, faults);
        var pki = Bind<PkiOptions>(configuration, PkiOptions.Section, faults);
        if (faults.Count > 0) throw new SettingsException(faults);
        return new SiloSettings(state, listeners, cluster, blobs, data, api, compaction, merging, scrub, reclaim, audit, identityProvider, pki);
    }

    private static T Bind<T>(IConfiguration configuration, string section, List<string> faults)
        where T : class, ICheckedOptions, new()
    {
        var options = new T();
        // Each value by itself: one that cannot be read must not hide the faults of the others.
        foreach (var child in configuration.GetSection(section).GetChildren())
        {
            if (typeof(T).GetProperty(child.Key, System.Reflection.BindingFlags.IgnoreCase | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Instance) is null)
            {
                faults.Add($"{section}:{child.Key} is no setting; check the spelling.");
                continue;
            }

            try
            {
                var one = new ConfigurationBuilder().AddInMemoryCollection(
                    child.AsEnumerable().Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key[(section.Length + 1)..], pair.Value))).Build();
                one.Bind(options);
            }
            catch (InvalidOperationException)
            {
                faults.Add($"{section}:{child.Key} is '{child.Value}', which cannot be read as its kind of value.");
            }
        }

        faults.AddRange(options.Faults());
        return options;
    }
}
