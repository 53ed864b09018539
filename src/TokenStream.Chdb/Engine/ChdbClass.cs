namespace TokenStream.Chdb.Engine;

/// <summary>What the engine's parser says a statement does. It calls the functions <c>file</c> and <c>s3</c> reading, too.</summary>
internal enum ChdbClass
{
    ReadOnly = 0,
    Mutating = 1,
    Global = 2,
    Control = 3,
    Unknown = 4,
}
