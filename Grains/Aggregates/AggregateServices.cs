using Microsoft.Extensions.Logging;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Records;

namespace Tidegate.Grains.Aggregates;

/// <summary>What every aggregate grain needs from the host.</summary>
/// <param name="Clock">The service's clock.</param>
/// <param name="Publisher">Takes outbox entries to their readers.</param>
/// <param name="Records">Keeps states and entries in the bucket, from which they come back when the database is lost.</param>
/// <param name="Loggers">Where warnings go.</param>
internal sealed record AggregateServices(TimeProvider Clock, IOutboxPublisher Publisher, AggregateRecords Records, ILoggerFactory Loggers);
