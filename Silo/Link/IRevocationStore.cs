using Tidegate.Grains.Security;

namespace Tidegate.Silo.Link;

/// <summary>The revocations that all silos share.</summary>
internal interface IRevocationStore
{
    /// <summary>Adds revocations durably; those that are there already stay as they are.</summary>
    Task AddAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken);

    /// <summary>Up to <paramref name="limit"/> revocations after a position, in order. Whatever is committed later has a higher position.</summary>
    Task<IReadOnlyList<Revocation>> ReadAfterAsync(long position, int limit, CancellationToken cancellationToken);
}
