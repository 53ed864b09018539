using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenStream.Gateway.Http;

namespace TokenStream.Gateway;

/// <summary>How a host gets a gateway.</summary>
public static class TokenStreamGatewayServices
{
    /// <summary>Adds <see cref="TokenStreamGateway"/>. Wrong options stop the host's start with every error listed.</summary>
    public static IServiceCollection AddTokenStreamGateway(this IServiceCollection services, Action<TokenStreamGatewayOptions> configure)
    {
        services.AddOptions<TokenStreamGatewayOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TokenStreamGatewayOptions>, OptionsErrors>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TokenStreamGateway>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, GatewayHost>());
        return services;
    }

    /// <summary>Lets requests of an <see cref="HttpClient"/> pass through the gateway: OpenAI-shaped ones, each retry anew.</summary>
    public static IHttpClientBuilder AddTokenStreamGovernance(this IHttpClientBuilder client, Action<TokenStreamHandlerOptions>? configure = null)
    {
        var options = new TokenStreamHandlerOptions();
        configure?.Invoke(options);
        return client.AddHttpMessageHandler(provider => new TokenStreamHandler(provider.GetRequiredService<TokenStreamGateway>(), options));
    }

    private sealed class OptionsErrors : IValidateOptions<TokenStreamGatewayOptions>
    {
        public ValidateOptionsResult Validate(string? name, TokenStreamGatewayOptions options) =>
            options.Errors() is { Count: > 0 } errors ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;
    }
}
