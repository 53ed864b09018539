using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// The transforms of a short real window by plain sums over tables, forward to the bins that differ and back to the outputs that are asked
/// for. Point j and its mirror image share a cosine and, but for the sign, a sine: that halves the work both ways, and for windows of a
/// hundred points it beats a fast transform. Eight bins are summed at once, each in the order of the points, so that the figures are the same
/// whatever the width of the machine's vectors; multiplications and additions are not fused for the same reason.
/// </summary>
internal sealed class FoldedTransform
{
    /// <summary>Beyond it the tables leave the nearest cache, and a fast transform wins.</summary>
    public const int MostPoints = 160;

    private readonly int _length;
    private readonly int _half;
    private readonly int _width;

    // Row j - 1, column k: cosine and sine of 2 pi j k / length, j 1 to half, k 0 to half; the rows are padded to whole vectors.
    private readonly double[] _cosines;
    private readonly double[] _sines;
    private readonly double[] _even;
    private readonly double[] _odd;

    public FoldedTransform(int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MostPoints);
        _length = length;
        _half = length / 2;
        _width = Padded(_half + 1);
        _cosines = new double[_half * _width];
        _sines = new double[_half * _width];
        _even = new double[_half];
        _odd = new double[_half];
        for (var j = 1; j <= _half; j++)
        {
            for (var k = 0; k <= _half; k++)
            {
                var at = ((j - 1) * _width) + k;
                (_sines[at], _cosines[at]) = Math.SinCos(2 * Math.PI * (j * k % length) / length);
            }
        }

        // Where a sine is zero it is so exactly: a constant window has one bin and no rounding noise beside it.
        for (var at = 0; at < _sines.Length; at++)
        {
            _sines[at] = Math.Abs(_sines[at]) < 1e-15 ? 0 : _sines[at];
        }
    }

    /// <summary>Room that a row of bins or outputs needs: whole vectors.</summary>
    public static int Padded(int count) => (count + 7) & ~7;

    /// <summary>Bins 0 to half of the window; the others are their conjugates.</summary>
    public void Forward(ReadOnlySpan<double> window, Span<double> real, Span<double> imaginary)
    {
        for (var j = 1; j <= _half; j++)
        {
            // The middle point of an even length is its own mirror image.
            var alone = 2 * j == _length;
            _even[j - 1] = alone ? window[j] : window[j] + window[_length - j];
            _odd[j - 1] = alone ? 0 : window[j] - window[_length - j];
        }

        ref var cosines = ref MemoryMarshal.GetArrayDataReference(_cosines);
        ref var sines = ref MemoryMarshal.GetArrayDataReference(_sines);
        var first = Vector256.Create(window[0]);
        unchecked
        {
            for (var column = 0; column < _width; column += 8)
            {
                var (realLow, realHigh) = (first, first);
                var (imaginaryLow, imaginaryHigh) = (Vector256<double>.Zero, Vector256<double>.Zero);
                var at = (nuint)column;
                for (var row = 0; row < _even.Length; row++, at += (nuint)_width)
                {
                    var even = Vector256.Create(_even[row]);
                    var odd = Vector256.Create(_odd[row]);
                    realLow += even * Vector256.LoadUnsafe(ref cosines, at);
                    realHigh += even * Vector256.LoadUnsafe(ref cosines, at + 4);
                    imaginaryLow -= odd * Vector256.LoadUnsafe(ref sines, at);
                    imaginaryHigh -= odd * Vector256.LoadUnsafe(ref sines, at + 4);
                }

                realLow.CopyTo(real[column..]);
                realHigh.CopyTo(real[(column + 4)..]);
                imaginaryLow.CopyTo(imaginary[column..]);
                imaginaryHigh.CopyTo(imaginary[(column + 4)..]);
            }
        }
    }

    /// <summary>
    /// The magnitudes of the inverse transform at the outputs asked for. With the bins k and length - k of a spectrum that is not symmetric:
    /// F[k] = (c + i d) a and F[length - k] = (c - i d) b.
    /// </summary>
    /// <param name="sumReal">c (a + b) of bins 1 to half.</param>
    /// <param name="sumImaginary">d (a + b).</param>
    /// <param name="differenceReal">c (a - b).</param>
    /// <param name="differenceImaginary">d (a - b).</param>
    /// <param name="zero">Bin 0, which is real.</param>
    /// <param name="firstOutput">The first output asked for.</param>
    /// <param name="magnitudes">As many as are asked for.</param>
    public void InverseMagnitudes(
        ReadOnlySpan<double> sumReal, ReadOnlySpan<double> sumImaginary, ReadOnlySpan<double> differenceReal,
        ReadOnlySpan<double> differenceImaginary, double zero, int firstOutput, Span<double> magnitudes)
    {
        sumImaginary = sumImaginary[..sumReal.Length];
        differenceReal = differenceReal[..sumReal.Length];
        differenceImaginary = differenceImaginary[..sumReal.Length];
        var (fewest, most) = Columns(firstOutput, firstOutput + magnitudes.Length - 1);
        Span<double> straight = stackalloc double[8];
        Span<double> mirrored = stackalloc double[8];
        ref var cosines = ref MemoryMarshal.GetArrayDataReference(_cosines);
        ref var sines = ref MemoryMarshal.GetArrayDataReference(_sines);
        var divisor = Vector256.Create((double)_length);
        unchecked
        {
            for (var column = fewest & ~7; column <= most; column += 8)
            {
                var (realLow, realHigh) = (Vector256.Create(zero), Vector256.Create(zero));
                var (imaginaryLow, imaginaryHigh) = (Vector256<double>.Zero, Vector256<double>.Zero);
                var (oddRealLow, oddRealHigh) = (Vector256<double>.Zero, Vector256<double>.Zero);
                var (oddImaginaryLow, oddImaginaryHigh) = (Vector256<double>.Zero, Vector256<double>.Zero);
                var at = (nuint)column;
                for (var row = 0; row < sumReal.Length; row++, at += (nuint)_width)
                {
                    var cosineLow = Vector256.LoadUnsafe(ref cosines, at);
                    var cosineHigh = Vector256.LoadUnsafe(ref cosines, at + 4);
                    var factor = Vector256.Create(sumReal[row]);
                    realLow += factor * cosineLow;
                    realHigh += factor * cosineHigh;
                    factor = Vector256.Create(differenceImaginary[row]);
                    imaginaryLow += factor * cosineLow;
                    imaginaryHigh += factor * cosineHigh;
                    var sineLow = Vector256.LoadUnsafe(ref sines, at);
                    var sineHigh = Vector256.LoadUnsafe(ref sines, at + 4);
                    factor = Vector256.Create(sumImaginary[row]);
                    oddRealLow += factor * sineLow;
                    oddRealHigh += factor * sineHigh;
                    factor = Vector256.Create(differenceReal[row]);
                    oddImaginaryLow += factor * sineLow;
                    oddImaginaryHigh += factor * sineHigh;
                }

                (Magnitude(realLow - oddRealLow, imaginaryLow + oddImaginaryLow) / divisor).CopyTo(straight);
                (Magnitude(realHigh - oddRealHigh, imaginaryHigh + oddImaginaryHigh) / divisor).CopyTo(straight[4..]);
                (Magnitude(realLow + oddRealLow, imaginaryLow - oddImaginaryLow) / divisor).CopyTo(mirrored);
                (Magnitude(realHigh + oddRealHigh, imaginaryHigh - oddImaginaryHigh) / divisor).CopyTo(mirrored[4..]);
                Place(column, straight, mirrored, firstOutput, magnitudes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Magnitude(Vector256<double> real, Vector256<double> imaginary) =>
        Vector256.Sqrt((real * real) + (imaginary * imaginary));

    /// <summary>The columns that hold the outputs first to last, each at its own place or at that of its mirror image.</summary>
    private (int Fewest, int Most) Columns(int first, int last)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(last, _length);
        var (near, far) = (Math.Min(first, _length - first), Math.Min(last, _length - last));
        return first <= _half && last > _half
            ? (Math.Min(near, far), _half)
            : (Math.Min(near, far), Math.Max(near, far));
    }

    private void Place(int column, ReadOnlySpan<double> straight, ReadOnlySpan<double> mirrored, int firstOutput, Span<double> magnitudes)
    {
        for (var i = 0; i < 8 && column + i <= _half; i++)
        {
            var at = column + i - firstOutput;
            if (at >= 0 && at < magnitudes.Length)
            {
                magnitudes[at] = straight[i];
            }

            at = _length - column - i - firstOutput;
            if (at >= 0 && at < magnitudes.Length)
            {
                magnitudes[at] = mirrored[i];
            }
        }
    }
}
