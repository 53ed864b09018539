namespace TokenStream.Detection;

/// <summary>Which detector scores a measure.</summary>
public readonly record struct DetectorOfMeasure(string Name, int Version);
