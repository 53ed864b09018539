using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>Values of snapshots that the blocks have no word for.</summary>
internal static class EpisodeText
{
    extension(BlockBuffer to)
    {
        public void OptionalText(string? text)
        {
            to.Byte(text is null ? (byte)0 : (byte)1);
            if (text is not null)
            {
                to.Text(text);
            }
        }

        public void Path(SeriesPath path)
        {
            to.Text(path.Environment);
            to.OptionalText(path.Tenant);
            to.OptionalText(path.Feature);
            to.OptionalText(path.Model);
            to.OptionalText(path.Provider);
        }
    }

    extension(ref BlockReader from)
    {
        public string? OptionalText() => from.Byte() == 0 ? null : from.Text();

        public int Int() =>
            from.Long() is >= 0 and <= int.MaxValue and var value ? (int)value : throw new FormatException("a number does not fit");

        public SeriesMeasure Measure() => from.Byte() is var number && number <= (byte)SeriesMeasure.TtftP95
            ? (SeriesMeasure)number
            : throw new FormatException("a measure that this version does not know");

        public SeriesPath Path() =>
            new(from.Text(), from.OptionalText(), from.OptionalText(), from.OptionalText()) { Provider = from.OptionalText() };
    }
}
