namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>Whom an agent trusts at a ticket's URL (<c>docs/protocols/volume-data.md</c>, Tickets). Anything else than what is named is refused.</summary>
public enum TicketTrust
{
    /// <summary>HTTPS; the service's own private authority and no other: the data endpoint.</summary>
    ServiceAuthority = 0,
    /// <summary>HTTPS; the authorities that the agent's machine trusts: a public blob store.</summary>
    SystemAuthorities = 1,
    /// <summary>HTTP without TLS, because the service's operator configured the store so: emulators.</summary>
    PlainHttp = 2,
}
