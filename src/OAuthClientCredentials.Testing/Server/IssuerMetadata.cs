using System.Collections.Concurrent;
using System.Net;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>The metadata of the server, for any issuer (RFC 8414). Thread-safe.</summary>
internal sealed class IssuerMetadata
{
    private const string OAuthPath = "/.well-known/oauth-authorization-server";
    private const string OpenIdPath = "/.well-known/openid-configuration";

    private readonly ConcurrentDictionary<string, bool> _issuers = new(StringComparer.Ordinal);
    private int _requests;

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>
    /// Adds an issuer to name in the metadata. The metadata address does not show whether the issuer ends in a slash, and clients require
    /// an exact match.
    /// </summary>
    public void AddIssuer(string issuer) => _issuers[issuer] = true;

    public HttpResponseMessage CreateResponse(Uri address)
    {
        Interlocked.Increment(ref _requests);
        string url = address.GetLeftPart(UriPartial.Path);
        if (!url.Contains(OAuthPath, StringComparison.Ordinal) && !url.EndsWith(OpenIdPath, StringComparison.Ordinal))
        {
            return Responses.Text(HttpStatusCode.NotFound, "", "text/plain");
        }

        string issuer = url.Replace(OAuthPath, "", StringComparison.Ordinal)
            .Replace(OpenIdPath, "", StringComparison.Ordinal)
            .TrimEnd('/');
        return Responses.Json(HttpStatusCode.OK, json =>
        {
            json.WriteString("issuer", _issuers.Keys.FirstOrDefault(known => known.TrimEnd('/') == issuer) ?? issuer);
            json.WriteString("token_endpoint", issuer + "/token");
            json.WriteStartArray("dpop_signing_alg_values_supported");
            foreach (string algorithm in DPoPProof.Algorithms)
            {
                json.WriteStringValue(algorithm);
            }

            json.WriteEndArray();
        });
    }
}
