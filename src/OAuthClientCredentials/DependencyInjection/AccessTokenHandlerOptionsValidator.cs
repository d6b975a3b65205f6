using Microsoft.Extensions.Options;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Validates the handler options of one HttpClient.</summary>
internal sealed class AccessTokenHandlerOptionsValidator(string optionsName) : IValidateOptions<AccessTokenHandlerOptions>
{
    public ValidateOptionsResult Validate(string? name, AccessTokenHandlerOptions options)
    {
        if (name != optionsName)
        {
            return ValidateOptionsResult.Skip;
        }

        if (options.AllowedOrigins.All(origin => Origin.TryParse(origin) is not null))
        {
            return ValidateOptionsResult.Success;
        }

        return ValidateOptionsResult.Fail(
            $"AddClientCredentialsHandler on HttpClient '{name.Split('\n')[0]}': AllowedOrigins must contain origins such as "
            + "https://api.example.com or https://*.example.com, without a path.");
    }
}
