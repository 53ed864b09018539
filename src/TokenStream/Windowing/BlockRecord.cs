namespace TokenStream.Windowing;

/// <summary>What records of rollups and of spend have in common: a kind and a version, then a body or a mark.</summary>
internal static class BlockRecord
{
    /// <summary>Reads a body, and appends what it holds.</summary>
    public delegate void Body<T>(ref BlockReader reader, List<T> into);

    /// <summary>Reads one record: what its body holds is appended to the list, or it is the mark that is returned.</summary>
    /// <param name="value">The record's value.</param>
    /// <param name="kind">The first byte of a record with a body.</param>
    /// <param name="version">The version of the format that this program reads.</param>
    /// <param name="body">Reads the body.</param>
    /// <param name="into">Where what it holds goes.</param>
    /// <exception cref="FormatException">The bytes are not of the format.</exception>
    public static Mark? Read<T>(ReadOnlySpan<byte> value, byte kind, byte version, Body<T> body, List<T> into)
    {
        try
        {
            var reader = new BlockReader(value);
            var first = reader.Byte();
            var written = reader.Byte();
            if (written != version)
            {
                throw new FormatException($"a record of format version {written}; this program reads version {version}: upgrade it");
            }

            if (first == MarkFormat.Kind)
            {
                return MarkFormat.Read(ref reader);
            }

            if (first != kind)
            {
                throw new FormatException($"a record of unknown kind {first}");
            }

            body(ref reader, into);
            return null;
        }
        catch (OverflowException overflow)
        {
            throw new FormatException("a number does not fit its field", overflow);
        }
    }
}
