using System.Text;
using System.Text.Json;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Authentication;

/// <summary>
/// Authenticates with an assertion that another service issues and renews (RFC 7523), for instance a workload's token. It is read from a
/// file or a callback.
/// </summary>
internal sealed class ClientAssertion(ClientContext client, ClientCredentialsOptions options) : ClientAuthentication
{
    public const string Name = "private_key_jwt";

    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    // The last second that DateTimeOffset can express.
    private const double MaxUnixTime = 253_402_300_799;

    public override string Method => Name;

    public static bool IsConfigured(ClientCredentialsOptions options) =>
        options.ClientAssertion is not null || !string.IsNullOrEmpty(options.ClientAssertionFile);

    public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        if (options.ClientAssertion is { } callback)
        {
            request.Secret = await CallAsync(callback, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            request.Secret = await ReadFileAsync(cancellationToken).ConfigureAwait(false);
        }

        // A certificate beside it, for bound tokens, is the one that people replace.
        request.CredentialValidity ??= ValidityOf(request.Secret);
    }

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        request.AddParameter("client_id", request.Client.ClientId);
        request.AddParameter("client_assertion_type", Type);
        request.AddParameter("client_assertion", request.Secret!);
        return ValueTask.CompletedTask;
    }

    private async ValueTask<string> CallAsync(
        Func<CancellationToken, ValueTask<string>> callback,
        CancellationToken cancellationToken)
    {
        string assertion = await callback(cancellationToken).ConfigureAwait(false);
        if (string.IsNullOrEmpty(assertion))
        {
            throw client.Error(": the callback given to UseClientAssertion returned no assertion. Fix the callback.", isTransient: true);
        }

        return assertion;
    }

    private async ValueTask<string> ReadFileAsync(CancellationToken cancellationToken)
    {
        CredentialFile file = new(client, nameof(options.ClientAssertionFile), options.ClientAssertionFile!);
        string assertion = await file.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (ValidityOf(assertion)?.Until <= client.TimeProvider.GetUtcNow())
        {
            throw file.Unusable("contains an expired assertion; the process that renews the file may have stopped");
        }

        return assertion;
    }

    // Returns null if the assertion is not a readable JWT. The server then decides whether it is valid.
    private static CredentialValidity? ValidityOf(string assertion)
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
            if (claims.RootElement.ValueKind != JsonValueKind.Object || TimeOf(claims.RootElement, "exp") is not { } until)
            {
                return null;
            }

            return new(TimeOf(claims.RootElement, "iat") ?? until, until);
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // Seconds since 1970 (RFC 7519 section 2).
    private static DateTimeOffset? TimeOf(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out JsonElement time) || time.ValueKind != JsonValueKind.Number)
        {
            return null;
        }

        double seconds = time.GetDouble();
        return DateTimeOffset.UnixEpoch.AddSeconds(Math.Clamp(seconds, 0, MaxUnixTime));
    }
}
