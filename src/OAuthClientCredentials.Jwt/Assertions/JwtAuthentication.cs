using System.Runtime.CompilerServices;
using OAuthClientCredentials.Jwt.Keys;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>Proves a client with an assertion that it signs: with a key of its own, or with its secret (RFC 7521 section 4.2, RFC 7523 section 2.2).</summary>
internal sealed class JwtAuthentication(ClientCredentialsOptions options, Func<CancellationToken, ValueTask<AssertionSigner>>? signer, SharedKeyDetector? sharedKeys = null) : ClientAuthentication
{
    public const string ClientSecretJwt = "client_secret_jwt";

    public const string PrivateKeyJwt = "private_key_jwt";
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private readonly KeySource _key = new(options);

    public override string Method => options.AuthenticationMethod == ClientSecretJwt ? ClientSecretJwt : PrivateKeyJwt;

    private string? Audience => string.IsNullOrEmpty(options.AssertionAudience) ? options.Authority : options.AssertionAudience;

    public override IEnumerable<KeyValuePair<string, string>> Validate(ClientContext client) =>
        JwtRules.Check(options, isByOwnSigner: signer is not null, Method == ClientSecretJwt, _key).Select(problem => KeyValuePair.Create(problem.Option, problem.Problem));

    public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        request.Credential = await SignerAsync(request, cancellationToken).ConfigureAwait(false);

    public override async ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        AssertionSigner current = (AssertionSigner)request.Credential!;
        if (request.SigningAlgorithms is { } offered && !offered.Contains(current.Algorithm, StringComparer.Ordinal))
        {
            throw request.Client.Unusable(
                $"the server's metadata does not offer {current.Algorithm} for assertions, only {string.Join(", ", offered.Where(IsPlain))}",
                nameof(options.KeyAlgorithm));
        }

        string type = string.IsNullOrEmpty(options.AssertionType) ? "client-authentication+jwt" : options.AssertionType;
        Assertion assertion = new(request.Client.ClientId, Audience!, type, request.Client.TimeProvider.GetUtcNow(), options.AssertionLifetime);
        string? certificate = (current as SigningKey)?.CertificateThumbprint;
        string signed = await assertion.SignAsync(current, certificate, cancellationToken).ConfigureAwait(false)
            ?? throw request.Client.Unusable(
                $"the signer's signature does not have the length of {current.Algorithm}; an ECDSA signature consists of r and s, and is not DER",
                nameof(options.AuthenticationMethod));
        request.AddParameter("client_id", request.Client.ClientId);
        request.AddParameter("client_assertion_type", AssertionType);
        request.AddParameter("client_assertion", signed);
    }

    // What the server signs with another key or for another audience is another credential (R-074).
    public override bool Equals(object? obj) => obj is JwtAuthentication other && Equals(Signer, other.Signer) && Essence == other.Essence;

    public override int GetHashCode() => Essence.GetHashCode();

    private Func<CancellationToken, ValueTask<AssertionSigner>>? Signer => signer;

    private (string, string?, string?, string?, TimeSpan) Essence => (Method, options.KeyAlgorithm, Audience, options.AssertionType, options.AssertionLifetime);

    private async ValueTask<AssertionSigner> SignerAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        if (signer is not null)
        {
            AssertionSigner own = await signer(cancellationToken).ConfigureAwait(false)
                ?? throw request.Client.Unusable("the callback given to UsePrivateKeyJwt returned no signer", nameof(options.AuthenticationMethod), isTransient: true);
            // R-313: of a signer that names no key, another one is another credential.
            request.CredentialId = (own as SigningKey)?.Thumbprint ?? own.KeyId ?? $"{RuntimeHelpers.GetHashCode(own)}";
            return Algorithms.OfKeys.Contains(own.Algorithm, StringComparer.Ordinal) ? own
                : throw request.Client.Unusable($"the signer's algorithm is none of {string.Join(", ", Algorithms.OfKeys)}", nameof(options.AuthenticationMethod));
        }

        if (Method == ClientSecretJwt)
        {
            string secret = await request.ReadClientSecretAsync(cancellationToken).ConfigureAwait(false);
            return new SecretSigner(secret, string.IsNullOrEmpty(options.KeyAlgorithm) ? "HS256" : options.KeyAlgorithm);
        }

        SigningKey key = await _key.ReadAsync(request, cancellationToken).ConfigureAwait(false);
        request.CredentialId = key.Thumbprint;
        sharedKeys?.Observe(key.Thumbprint, Audience!, request.Client.ClientName);
        return key;
    }

    // The list is text from outside.
    private static bool IsPlain(string algorithm) => algorithm.Length <= 20 && algorithm.All(character => char.IsAsciiLetterOrDigit(character) || character == '-');
}
