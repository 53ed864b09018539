namespace TokenStream.Scopes;

/// <summary>What a scope can bind, in the order in which scopes are written.</summary>
public enum ScopeDimension
{
    Organisation = 0,
    Environment = 1,
    Tenant = 2,
    App = 3,
    Feature = 4,
    Provider = 5,
    Model = 6,
    User = 7,
}
