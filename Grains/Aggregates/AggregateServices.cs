using Microsoft.Extensions.Logging;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Aggregates;

/// <summary>What every aggregate grain needs from the host.</summary>
/// <param name="Clock">The service's clock.</param>
/// <param name="Publisher">Takes outbox entries to their readers.</param>
/// <param name="Loggers">Where warnings go.</param>
internal sealed record AggregateServices(TimeProvider Clock, IOutboxPublisher Publisher, ILoggerFactory Loggers);
