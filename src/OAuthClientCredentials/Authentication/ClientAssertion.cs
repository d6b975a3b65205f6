using System.Text;
using System.Text.Json;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Authentication;

/// <summary>
/// Authenticates with an assertion that another service issues and renews (RFC 7523), for instance a workload's token or a JWT-SVID
/// (draft-ietf-oauth-spiffe-client-auth-02 section 3.1). It is read from a file or a callback.
/// </summary>
internal sealed class ClientAssertion(ClientContext client, ClientCredentialsOptions options, string method) : ClientAuthentication
{
    public const string Name = "private_key_jwt";
    public const string SpiffeName = "spiffe_jwt";

    private const string Bearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const string Spiffe = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

    // The last second that DateTimeOffset can express.
    private const double MaxUnixTime = 253_402_300_799;

    public override string Method => method;

    private string Type => method == SpiffeName ? Spiffe : Bearer;

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
            throw UnusableCallback("returned no assertion");
        }

        if (IsExpired(assertion))
        {
            throw UnusableCallback("returned an expired assertion");
        }

        return assertion;
    }

    private async ValueTask<string> ReadFileAsync(CancellationToken cancellationToken)
    {
        CredentialFile file = new(client, nameof(options.ClientAssertionFile), options.ClientAssertionFile!);
        string assertion = await file.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        if (IsExpired(assertion))
        {
            throw file.Unusable("contains an expired assertion; the process that renews the file may have stopped");
        }

        return assertion;
    }

    private TokenRequestException UnusableCallback(string problem) =>
        client.Error($": the callback given to UseClientAssertion {problem}. Fix the callback.", isTransient: true);

    private bool IsExpired(string assertion) => ValidityOf(assertion)?.Until <= client.TimeProvider.GetUtcNow();

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
