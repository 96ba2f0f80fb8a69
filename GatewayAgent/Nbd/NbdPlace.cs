namespace Tidegate.GatewayAgent.Nbd;

/// <summary>A connection as admission counts it; see <see cref="NbdAdmission"/>, whose lock guards it.</summary>
internal sealed class NbdPlace(string address, Action displace)
{
    public string Address => address;

    /// <summary>Null once the handshake is over.</summary>
    public LinkedListNode<NbdPlace>? Handshake { get; set; }

    public bool IsSession { get; set; }

    /// <summary>Cuts the connection off; called without the lock.</summary>
    public void Displace() => displace();
}
