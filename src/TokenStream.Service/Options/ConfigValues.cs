using System.Globalization;
using TokenStream.Yaml;

namespace TokenStream.Service.Options;

/// <summary>Values of configuration files that are no texts. One that is none is an error at its place, and counts as left out.</summary>
internal static class ConfigValues
{
    public static long? Number(YamlReader section, string key, TextErrors errors, long least, long most)
    {
        if (section.Scalar(key) is not { } scalar)
        {
            return null;
        }

        if (long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least &&
            value <= most)
        {
            return value;
        }

        errors.Add(
            scalar,
            string.Create(CultureInfo.InvariantCulture, $"'{key}' is '{scalar.Text}'; it must be a whole number from {least} to {most}"));
        return null;
    }

    public static bool? Bool(YamlReader section, string key)
    {
        if (section.Scalar(key) is not { } scalar)
        {
            return null;
        }

        if (scalar.Text is "true" or "false")
        {
            return scalar.Text == "true";
        }

        section.Error(scalar, $"'{key}' is '{scalar.Text}'; it must be true or false");
        return null;
    }
}
