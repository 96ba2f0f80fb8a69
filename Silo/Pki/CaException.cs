namespace Tidegate.Silo.Pki;

/// <summary>The certificate authority cannot do what was asked, or must not; says why and what to do. Nothing was changed.</summary>
public sealed class CaException(string message, Exception? inner = null) : Exception(message, inner);
