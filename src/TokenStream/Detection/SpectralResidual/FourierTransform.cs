namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// The discrete Fourier transform of complex series of one length, in place: by powers of two where the length is one, else by Bluestein's
/// chirp, which makes a convolution of it and so takes any length, primes too, at the same cost. Keeps its tables: for one thread.
/// </summary>
internal sealed class FourierTransform
{
    private readonly int _length;
    private readonly int _padded;
    private readonly double[] _cosines;
    private readonly double[] _sines;

    // Bluestein's alone: the chirp, the transform of its conjugate, and the room to convolve in.
    private readonly double[] _chirpReal = [];
    private readonly double[] _chirpImaginary = [];
    private readonly double[] _filterReal = [];
    private readonly double[] _filterImaginary = [];
    private readonly double[] _roomReal = [];
    private readonly double[] _roomImaginary = [];

    public FourierTransform(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 1 << 28);
        _length = length;
        var isPower = System.Numerics.BitOperations.IsPow2(length);
        _padded = isPower ? length : (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)((2 * length) - 1));
        _cosines = new double[_padded / 2];
        _sines = new double[_padded / 2];
        for (var i = 0; i < _padded / 2; i++)
        {
            (_sines[i], _cosines[i]) = Math.SinCos(-2 * Math.PI * i / _padded);
        }

        if (isPower)
        {
            return;
        }

        _chirpReal = new double[length];
        _chirpImaginary = new double[length];
        _filterReal = new double[_padded];
        _filterImaginary = new double[_padded];
        _roomReal = new double[_padded];
        _roomImaginary = new double[_padded];
        for (var i = 0; i < length; i++)
        {
            // The square is taken modulo the chirp's period first: an angle of millions of turns would have no digits left.
            (_chirpImaginary[i], _chirpReal[i]) = Math.SinCos(-Math.PI * ((long)i * i % (2L * length)) / length);
            _filterReal[i] = _filterReal[(_padded - i) % _padded] = _chirpReal[i];
            _filterImaginary[i] = _filterImaginary[(_padded - i) % _padded] = -_chirpImaginary[i];
        }

        TransformPower(_filterReal, _filterImaginary);
    }

    /// <summary>F[k] = sum of x[n] exp(-2 pi i k n / length).</summary>
    public void Forward(Span<double> real, Span<double> imaginary)
    {
        if (_chirpReal.Length == 0)
        {
            TransformPower(real[.._length], imaginary[.._length]);
            return;
        }

        _roomReal.AsSpan().Clear();
        _roomImaginary.AsSpan().Clear();
        Multiply(real[.._length], imaginary[.._length], _chirpReal, _chirpImaginary, _roomReal, _roomImaginary);
        TransformPower(_roomReal, _roomImaginary);
        Multiply(_roomReal, _roomImaginary, _filterReal, _filterImaginary, _roomReal, _roomImaginary);

        // The inverse is the forward transform with real and imaginary part exchanged.
        TransformPower(_roomImaginary, _roomReal);
        for (var i = 0; i < _length; i++)
        {
            _roomReal[i] /= _padded;
            _roomImaginary[i] /= _padded;
        }

        Multiply(_roomReal.AsSpan(0, _length), _roomImaginary, _chirpReal, _chirpImaginary, real, imaginary);
    }

    /// <summary>What <see cref="Forward"/> has transformed, back, the division by the length included.</summary>
    public void Inverse(Span<double> real, Span<double> imaginary)
    {
        Forward(imaginary, real);
        for (var i = 0; i < _length; i++)
        {
            real[i] /= _length;
            imaginary[i] /= _length;
        }
    }

    private static void Multiply(
        ReadOnlySpan<double> real, ReadOnlySpan<double> imaginary, ReadOnlySpan<double> byReal, ReadOnlySpan<double> byImaginary,
        Span<double> productReal, Span<double> productImaginary)
    {
        for (var i = 0; i < real.Length; i++)
        {
            var (a, b) = (real[i], imaginary[i]);
            productReal[i] = (a * byReal[i]) - (b * byImaginary[i]);
            productImaginary[i] = (a * byImaginary[i]) + (b * byReal[i]);
        }
    }

    private void TransformPower(Span<double> real, Span<double> imaginary)
    {
        var count = real.Length;
        for (int i = 1, mirrored = 0; i < count; i++)
        {
            var bit = count >> 1;
            for (; (mirrored & bit) != 0; bit >>= 1)
            {
                mirrored ^= bit;
            }

            mirrored ^= bit;
            if (i < mirrored)
            {
                (real[i], real[mirrored]) = (real[mirrored], real[i]);
                (imaginary[i], imaginary[mirrored]) = (imaginary[mirrored], imaginary[i]);
            }
        }

        for (var half = 1; half < count; half <<= 1)
        {
            var stride = count / half / 2;
            for (var start = 0; start < count; start += 2 * half)
            {
                for (var i = 0; i < half; i++)
                {
                    var (cosine, sine) = (_cosines[i * stride], _sines[i * stride]);
                    var (low, high) = (start + i, start + i + half);
                    var a = (real[high] * cosine) - (imaginary[high] * sine);
                    var b = (real[high] * sine) + (imaginary[high] * cosine);
                    real[high] = real[low] - a;
                    imaginary[high] = imaginary[low] - b;
                    real[low] += a;
                    imaginary[low] += b;
                }
            }
        }
    }
}
