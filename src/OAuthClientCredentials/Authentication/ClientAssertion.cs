using System.Text;
using System.Text.Json;

namespace OAuthClientCredentials.Authentication;

/// <summary>An assertion that somebody else issues and renews (RFC 7523): the token of a workload, from a file or a callback.</summary>
internal sealed class ClientAssertion(ClientContext client, ClientCredentialsOptions options) : ClientAuthentication
{
    public const string Name = "private_key_jwt";

    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    public override string Method => Name;

    public static bool IsConfigured(
        ClientCredentialsOptions options) => options.ClientAssertion is not null || !string.IsNullOrEmpty(options.ClientAssertionFile);

    public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        string assertion = options.ClientAssertion is { } callback
            ? await callback(cancellationToken).ConfigureAwait(false)
            : await ReadFileAsync(cancellationToken).ConfigureAwait(false);
        if (string.IsNullOrEmpty(assertion))
        {
            throw Empty();
        }

        request.Secret = assertion;
    }

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        request.AddParameter("client_id", request.Client.ClientId);
        request.AddParameter("client_assertion_type", Type);
        request.AddParameter("client_assertion", request.Secret!);
        return ValueTask.CompletedTask;
    }

    private async ValueTask<string> ReadFileAsync(CancellationToken cancellationToken)
    {
        CredentialFile file = new(client, nameof(options.ClientAssertionFile), options.ClientAssertionFile!);
        string assertion = await file.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (ExpiryOf(assertion) <= client.TimeProvider.GetUtcNow().ToUnixTimeSeconds())
        {
            throw file.Unusable("holds an assertion that has expired; whatever renews it has stopped");
        }

        return assertion;
    }

    private TokenRequestException Empty() =>
        client.Error(": the callback given to UseClientAssertion returned no assertion. Fix the callback.", isTransient: true);

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
            byte[] json = Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '='));
            using JsonDocument claims = JsonDocument.Parse(Encoding.UTF8.GetString(json));
            if (claims.RootElement.ValueKind != JsonValueKind.Object || !claims.RootElement.TryGetProperty("exp", out JsonElement expiry))
            {
                return null;
            }

            return expiry.TryGetDouble(out double seconds) ? seconds : null;
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
