using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Keys;
using Tidegate.Grains.Blobs;
using Tidegate.Grains.Volumes.Copies;

namespace Tidegate.Grains.Volumes;

/// <summary>What volume grains need of the host beyond what every aggregate does.</summary>
internal sealed record VolumeServices(
    IBlobStore Blobs, IKeyProvider Keys, ITicketIssuer Tickets, CompactionOptions Compaction, MergeOptions Merging, ReclaimSettings Reclaim, CopySettings Copies,
    VolumeMeters Meters);
