namespace TokenStream.Windowing;

/// <summary>Reads the values of records on <c>tokenstream.rollups</c> and <c>tokenstream.live</c>.</summary>
public static class RollupDecoder
{
    /// <summary>
    /// Reads one record: its rollups are appended to the list, or it is the mark that is returned. Throws <see cref="FormatException"/>
    /// where the bytes are not of the format.
    /// </summary>
    public static Mark? Read(ReadOnlySpan<byte> value, List<Rollup> rollups) =>
        BlockRecord.Read(value, RollupEncoder.Kind, RollupEncoder.Version, ReadRollups, rollups);

    private static void ReadRollups(ref BlockReader reader, List<Rollup> rollups)
    {
        var header = RollupBlockHeader.Read(ref reader);
        var names = new string[reader.Count()];
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = reader.Text();
        }

        for (var left = reader.Count(); left > 0; left--)
        {
            rollups.Add(ReadRollup(ref reader, header, names));
        }
    }

    private static Rollup ReadRollup(ref BlockReader reader, RollupBlockHeader header, string[] names)
    {
        var key = new RollupKey(
            Name(ref reader, names), Name(ref reader, names), Name(ref reader, names), Name(ref reader, names), Name(ref reader, names),
            Name(ref reader, names), Name(ref reader, names), Name(ref reader, names), Name(ref reader, names), Name(ref reader, names),
            Name(ref reader, names), Name(ref reader, names));
        var measures = ReadMeasures(ref reader);
        if (reader.Byte() == 0)
        {
            return new Rollup { Block = header, Key = key, Measures = measures };
        }

        return new Rollup
        {
            Block = header,
            Key = key,
            Measures = measures,
            LatencyMs = ReadHistogram(ref reader),
            TtftMs = ReadHistogram(ref reader),
            TokensIn = ReadHistogram(ref reader),
            TokensOut = ReadHistogram(ref reader),
            Users = ReadUniques(ref reader),
            Sessions = ReadUniques(ref reader),
            PromptHashes = ReadUniques(ref reader),
        };
    }

    private static string Name(ref BlockReader reader, string[] names)
    {
        var number = reader.Unsigned();
        return number < (UInt128)names.Length ? names[(int)number] : throw new FormatException("a name that the record does not define");
    }

    private static RollupMeasures ReadMeasures(ref BlockReader reader)
    {
        Span<Int128> fields = stackalloc Int128[RollupMeasures.FieldCount];
        reader.Fields(fields);
        return RollupMeasures.From(fields);
    }

    private static SparseHistogram ReadHistogram(ref BlockReader reader)
    {
        var count = reader.Count();
        if (count == 0)
        {
            return SparseHistogram.Empty;
        }

        var (buckets, counts, last) = (new ushort[count], new long[count], UInt128.Zero);
        for (var i = 0; i < count; i++)
        {
            last += reader.Unsigned();
            buckets[i] = last < HistogramScale.BucketCount ? (ushort)last : throw new FormatException("a bucket that does not exist");
            counts[i] = checked((long)reader.Unsigned());
        }

        return new SparseHistogram(buckets, counts);
    }

    private static SparseRegisters ReadUniques(ref BlockReader reader)
    {
        var count = reader.Count();
        if (count == 0)
        {
            return SparseRegisters.Empty;
        }

        var (registers, ranks, last) = (new ushort[count], new byte[count], UInt128.Zero);
        for (var i = 0; i < count; i++)
        {
            last += reader.Unsigned();
            registers[i] = last < SparseRegisters.RegisterCount
                ? (ushort)last
                : throw new FormatException("a register that does not exist");
            ranks[i] = reader.Byte();
        }

        return new SparseRegisters(registers, ranks);
    }
}
