using System.Text;
using System.Text.Json;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Authentication;

/// <summary>An assertion that somebody else issues and renews (RFC 7523): the token of a workload, from a file or a callback.</summary>
internal sealed class ClientAssertion(ClientName client, ClientCredentialsOptions options, TimeProvider timeProvider) : ClientAuthentication
{
    public const string Name = "private_key_jwt";

    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    public override string Method => Name;

    public static bool IsConfigured(ClientCredentialsOptions options) => options.ClientAssertion is not null || !string.IsNullOrEmpty(options.ClientAssertionFile);

    public override async ValueTask WriteAsync(TokenRequestAttempt attempt, CancellationToken cancellationToken)
    {
        string assertion = options.ClientAssertion is { } callback
            ? await callback(cancellationToken).ConfigureAwait(false)
            : await ReadFileAsync(cancellationToken).ConfigureAwait(false);
        if (string.IsNullOrEmpty(assertion))
        {
            throw Empty();
        }

        attempt.Secret = assertion;
        attempt.AddParameter("client_id", attempt.ClientId);
        attempt.AddParameter("client_assertion_type", Type);
        attempt.AddParameter("client_assertion", assertion);
    }

    private async ValueTask<string> ReadFileAsync(CancellationToken cancellationToken)
    {
        CredentialFile file = new(client, nameof(options.ClientAssertionFile), options.ClientAssertionFile!);
        string assertion = await file.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        return ExpiryOf(assertion) <= timeProvider.GetUtcNow().ToUnixTimeSeconds()
            ? throw file.Unusable("holds an assertion that has expired; whatever renews it has stopped")
            : assertion;
    }

    private TokenRequestException Empty() =>
        new($"{client} got no token: the callback given to UseClientAssertion returned no assertion. Mend it.") { ClientName = client.Value, IsTransient = true };

    // Not every assertion is a JWT that we could read; what cannot be read is the server's to judge.
    private static double? ExpiryOf(string assertion)
    {
        string[] parts = assertion.Split('.', 4);
        if (parts.Length != 3)
        {
            return null;
        }

        try
        {
            string payload = parts[1].Replace('-', '+').Replace('_', '/');
            using JsonDocument claims = JsonDocument.Parse(Encoding.UTF8.GetString(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '='))));
            return claims.RootElement.ValueKind == JsonValueKind.Object && claims.RootElement.TryGetProperty("exp", out JsonElement expiry) && expiry.TryGetDouble(out double seconds) ? seconds : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
