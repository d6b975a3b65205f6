using OAuthClientCredentials.Jwt.Keys;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>
/// Authenticates a client with an assertion that it signs with its private key, its client secret or a signer of the application (RFC 7521
/// section 4.2, RFC 7523 section 2.2).
/// </summary>
internal sealed class JwtAuthentication(
    ClientCredentialsOptions options,
    Func<CancellationToken, ValueTask<AssertionSigner>>? signer,
    SharedKeyDetector? sharedKeys = null) : ClientAuthentication
{
    public const string ClientSecretJwt = "client_secret_jwt";
    public const string PrivateKeyJwt = "private_key_jwt";

    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const string DefaultType = "client-authentication+jwt";

    private readonly KeySource _key = new(options);

    public override string Method => options.AuthenticationMethod == ClientSecretJwt ? ClientSecretJwt : PrivateKeyJwt;

    private Func<CancellationToken, ValueTask<AssertionSigner>>? Signer => signer;

    private string? Audience => NullIfEmpty(options.AssertionAudience) ?? options.Authority;

    // A server would see another credential if one of these changed (R-074).
    private (string, string?, string?, string?, string?, TimeSpan) ComparedOptions => (
        Method,
        options.KeyAlgorithm,
        Audience,
        options.AssertionType,
        options.AssertionCertificateHeader,
        options.AssertionLifetime);

    public override IEnumerable<KeyValuePair<string, string>> Validate(ClientContext client) =>
        JwtRules.Check(options, hasSigner: signer is not null, isBySecret: Method == ClientSecretJwt, _key)
            .Select(problem => KeyValuePair.Create(problem.Option, problem.Problem));

    public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        if (signer is not null)
        {
            request.Credential = await GetSignerAsync(request, signer, cancellationToken).ConfigureAwait(false);
        }
        else if (Method == ClientSecretJwt)
        {
            request.Credential = await ReadSecretAsync(request, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            request.Credential = await ReadKeyAsync(request, cancellationToken).ConfigureAwait(false);
        }
    }

    public override async ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        AssertionSigner current = (AssertionSigner)request.Credential!;
        CheckOffered(request, current.Algorithm);
        string type = NullIfEmpty(options.AssertionType) ?? DefaultType;
        DateTimeOffset now = request.Client.TimeProvider.GetUtcNow();
        Assertion assertion = new(request.Client.ClientId, Audience!, type, now, options.AssertionLifetime)
        {
            CertificateName = NullIfEmpty(options.AssertionCertificateHeader) ?? CertificateHeader.Sha256,
        };
        string? signed = await assertion.SignAsync(current, cancellationToken).ConfigureAwait(false);
        if (signed is null)
        {
            throw request.Client.Unusable(
                $"the signer's signature does not have the length of {current.Algorithm}. "
                    + "Return an ECDSA signature as r and s (RFC 7518 section 3.4), not as DER",
                nameof(options.AuthenticationMethod));
        }

        request.AddParameter("client_id", request.Client.ClientId);
        request.AddParameter("client_assertion_type", AssertionType);
        request.AddParameter("client_assertion", signed);
    }

    public override bool Equals(object? obj) =>
        obj is JwtAuthentication other && Equals(Signer, other.Signer) && ComparedOptions == other.ComparedOptions;

    public override int GetHashCode() => ComparedOptions.GetHashCode();

    private async ValueTask<AssertionSigner> GetSignerAsync(
        AuthorizationServerRequest request,
        Func<CancellationToken, ValueTask<AssertionSigner>> callback,
        CancellationToken cancellationToken)
    {
        AssertionSigner? current = await callback(cancellationToken).ConfigureAwait(false);
        if (current is null)
        {
            const string Problem = "the callback given to UsePrivateKeyJwt returned no signer. Fix the callback";
            throw request.Client.Unusable(Problem, nameof(options.AuthenticationMethod), isTransient: true);
        }

        string[] allowed = options.RequireFapi2 ? Algorithms.Fapi2 : Algorithms.Asymmetric;
        if (!allowed.Contains(current.Algorithm, StringComparer.Ordinal))
        {
            string clause = options.RequireFapi2 ? " (RequireFapi2: FAPI 2.0 section 5.4.1)" : "";
            string problem = $"the signer's algorithm is not one of {string.Join(", ", allowed)}{clause}. Use a signer with one of them";
            throw request.Client.Unusable(problem, nameof(options.AuthenticationMethod));
        }

        request.CredentialId = current.CredentialId;
        return current;
    }

    private async ValueTask<SecretSigner> ReadSecretAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        string secret = await request.ReadClientSecretAsync(cancellationToken).ConfigureAwait(false);
        return new SecretSigner(secret, NullIfEmpty(options.KeyAlgorithm) ?? "HS256");
    }

    private async ValueTask<SigningKey> ReadKeyAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        SigningKey key = await _key.ReadAsync(request, cancellationToken).ConfigureAwait(false);
        request.CredentialId = key.CredentialId;
        sharedKeys?.Observe(key.CredentialId, Audience!, request.Client.ClientName);
        return key;
    }

    private void CheckOffered(AuthorizationServerRequest request, string algorithm)
    {
        if (request.SigningAlgorithms is { } offered && !offered.Contains(algorithm, StringComparer.Ordinal))
        {
            string others = string.Join(", ", offered.Where(IsPlain));
            string problem = $"the server's metadata does not offer {algorithm} for assertions, only {others}";
            throw request.Client.Unusable(problem, nameof(options.KeyAlgorithm));
        }
    }

    // The names come from the server, so the message quotes only those that look like an algorithm.
    private static bool IsPlain(string algorithm) =>
        algorithm.Length <= 20 && algorithm.All(character => char.IsAsciiLetterOrDigit(character) || character == '-');

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
