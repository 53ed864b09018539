namespace TokenStream.Detection.SrCnn;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, 2014), so that a seed means the same numbers in every version of the platform. A stream of a seed is
/// a generator of its own: who draws from one does not disturb another, in whatever order they run.
/// </summary>
internal struct SeededRandom
{
    private ulong _state;

    public SeededRandom(long seed, long stream = 0, long part = 0)
    {
        unchecked
        {
            _state = Mix(Mix(Mix((ulong)seed) + (ulong)stream) + (ulong)part);
        }
    }

    public ulong Next()
    {
        unchecked
        {
            _state += 0x9E3779B97F4A7C15;
            return Mix(_state);
        }
    }

    /// <summary>0 to below the bound; the bias of a remainder of 64 bits is far below what a training could notice.</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

    /// <summary>0 to below 1.</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    public double Between(double least, double most) => least + ((most - least) * Uniform());

    public bool IsOneOf(double share) => Uniform() < share;

    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());

    /// <summary>A count of that mean; of large means a rounded normal number, which nothing here can tell from it.</summary>
    public double Poisson(double mean)
    {
        if (mean > 30)
        {
            return Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        }

        var count = 0;
        var least = Math.Exp(-mean);
        for (var product = Uniform(); product > least; product *= Uniform())
        {
            count++;
        }

        return count;
    }

    private static ulong Mix(ulong bits)
    {
        unchecked
        {
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            return bits ^ (bits >> 31);
        }
    }
}
