using System.ComponentModel;
using System.Globalization;

namespace Tidegate.Grains.Interfaces.Security;

/// <summary>Lets settings bind to <see cref="Secret"/>. One way: a secret is never converted back to text.</summary>
internal sealed class SecretConverter : TypeConverter
{
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

    public override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) => new Secret((string)value);
}
