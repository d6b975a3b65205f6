using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>What one call requests differently from the options of its client.</summary>
/// <remarks>
/// A property that is <see langword="null"/> has the client's value. Empty scopes, resources, audience and details are not sent. Parameters
/// are added to the client's. Instances are immutable and have value equality: equal requests share one cached token.
/// </remarks>
public sealed class TokenRequest : IEquatable<TokenRequest>
{
    // A parameter may be sent only once (RFC 6749 section 3.2), and these are sent by the library.
    private static readonly string[] Reserved =
    [
        "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource", "audience",
        "authorization_details", "dpop",
    ];

    // RFC 6749 section 3.3.
    private static readonly SearchValues<char> ScopeCharacters = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(code => (char)code).Where(character => character is not ('"' or '\\'))]);

    private readonly string[]? _scopes;
    private readonly string[]? _resources;
    private readonly KeyValuePair<string, string>[]? _parameters;
    private readonly string? _authorizationDetails;
    private int _hash;

    /// <summary>The scopes (RFC 6749 section 3.3). They replace the client's scopes. Order and duplicates have no effect.</summary>
    /// <exception cref="ArgumentException">A scope is empty, or has a character that RFC 6749 section 3.3 does not allow.</exception>
    public IReadOnlyList<string>? Scopes
    {
        get => _scopes;
        init => _scopes = Canonical.Scopes(Check(value, CheckScopes, nameof(Scopes)));
    }

    /// <summary>
    /// The resources: absolute URIs (RFC 8707), or application ids (GUIDs) for Microsoft servers. They replace the client's resources.
    /// Duplicates have no effect.
    /// </summary>
    /// <exception cref="ArgumentException">A resource is neither an absolute URI without a fragment nor a GUID.</exception>
    public IReadOnlyList<string>? Resources
    {
        get => _resources;
        init => _resources = Check(value, CheckResource, nameof(Resources))?.Distinct(StringComparer.Ordinal).ToArray();
    }

    /// <summary>The <c>audience</c> parameter. It replaces the client's audience.</summary>
    public string? Audience { get; init; }

    /// <summary>
    /// The <c>authorization_details</c> parameter (RFC 9396), a JSON array. It replaces the client's details and is sent as it is. For
    /// equality, white space and the order of members have no effect.
    /// </summary>
    /// <exception cref="ArgumentException">The value is not a JSON array.</exception>
    public string? AuthorizationDetails
    {
        get => _authorizationDetails;
        init
        {
            _authorizationDetails = value;
            CanonicalDetails = value;
            if (!string.IsNullOrEmpty(value))
            {
                Check([value], CheckAuthorizationDetails, nameof(AuthorizationDetails));
                CanonicalDetails = CanonicalJson.Of(value);
            }
        }
    }

    /// <summary>Additional parameters. They are added to the client's parameters, and replace those with the same name.</summary>
    /// <exception cref="ArgumentException">A parameter has no name or no value, or the library sends it itself.</exception>
    public IReadOnlyDictionary<string, string>? Parameters
    {
        get => _parameters?.ToDictionary(StringComparer.Ordinal);
        init => _parameters = Canonical.Parameters(Check(value, CheckParameter, nameof(Parameters)));
    }

    internal static TokenRequest Default { get; } = new();

    /// <summary>The details in the form that all texts with the same meaning share.</summary>
    internal string? CanonicalDetails { get; private init; }

    internal IReadOnlyList<KeyValuePair<string, string>> ParameterList => _parameters ?? [];

    /// <inheritdoc/>
    public bool Equals(TokenRequest? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && GetHashCode() == other.GetHashCode()
            && Audience == other.Audience
            && CanonicalDetails == other.CanonicalDetails
            && Canonical.SameItems(_scopes, other._scopes)
            && Canonical.SameItems(_resources, other._resources)
            && Canonical.SameItems(_parameters, other._parameters));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TokenRequest);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        if (_hash == 0)
        {
            HashCode hash = default;
            hash.Add(Audience);
            hash.Add(CanonicalDetails);
            Canonical.AddItems(ref hash, _scopes);
            Canonical.AddItems(ref hash, _resources);
            Canonical.AddItems(ref hash, _parameters);
            _hash = hash.ToHashCode() | 1;
        }

        return _hash;
    }

    // The options with the same names have the same rules. Each rule returns the problem and its remedy, or null.
    internal static string? CheckScopes(string? scopes)
    {
        foreach (string scope in (scopes ?? "").Split(' '))
        {
            if (scope.Length == 0)
            {
                return "has an empty scope. Separate scopes by single spaces, or list each as an entry";
            }

            if (scope.AsSpan().ContainsAnyExcept(ScopeCharacters))
            {
                const string Remedy = "Use printable ASCII without space, quote and backslash (RFC 6749 section 3.3)";
                return $"has a scope with a character that is not allowed. {Remedy}";
            }
        }

        return null;
    }

    internal static string? CheckResource(string? resource)
    {
        // Entra's v1 endpoint and AD FS also take the application id of an API.
        if (Guid.TryParseExact(resource, "D", out _))
        {
            return null;
        }

        if (!Uri.TryCreate(resource, UriKind.Absolute, out _) || resource.Contains('#', StringComparison.Ordinal))
        {
            return "must contain only absolute URIs without a fragment (RFC 8707 section 2), or application ids (GUIDs)";
        }

        return null;
    }

    internal static string? CheckAuthorizationDetails(string details)
    {
        try
        {
            if (CanonicalJson.Of(details).StartsWith('['))
            {
                return null;
            }
        }
        catch (JsonException)
        {
            // Reported below.
        }

        return "must be a JSON array (RFC 9396 section 2)";
    }

    internal static string? CheckParameter(KeyValuePair<string, string> parameter)
    {
        if (string.IsNullOrEmpty(parameter.Key))
        {
            return "has a parameter without a name. Name it, or remove it";
        }

        if (Reserved.Contains(parameter.Key, StringComparer.OrdinalIgnoreCase))
        {
            return $"cannot have '{parameter.Key}', because the library sends it. Remove it, or set the option for it";
        }

        if (string.IsNullOrEmpty(parameter.Value))
        {
            return $"has no value for '{parameter.Key}' (RFC 6749 section 3.2). Set a value, or remove the parameter";
        }

        return null;
    }

    // Copies first, so that the caller cannot change values that were checked.
    [return: NotNullIfNotNull(nameof(values))]
    private static T[]? Check<T>(IEnumerable<T>? values, Func<T, string?> check, string property)
    {
        if (values is null)
        {
            return null;
        }

        T[] copy = [.. values];
        foreach (T value in copy)
        {
            if (check(value) is { } problem)
            {
                throw new ArgumentException($"{nameof(TokenRequest)}.{property} {problem}.", property);
            }
        }

        return copy;
    }

    /// <summary>One order for values that mean the same, so that they are equal.</summary>
    private static class Canonical
    {
        public static string[]? Scopes(string[]? scopes) => scopes?
            .SelectMany(scope => scope.Split(' '))
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToArray();

        public static KeyValuePair<string, string>[]? Parameters(KeyValuePair<string, string>[]? parameters) =>
            parameters?.OrderBy(parameter => parameter.Key, StringComparer.Ordinal).ToArray();

        public static bool SameItems<T>(T[]? left, T[]? right)
        {
            if (left is null || right is null)
            {
                return ReferenceEquals(left, right);
            }

            return left.AsSpan().SequenceEqual(right);
        }

        public static void AddItems<T>(ref HashCode hash, T[]? items)
        {
            hash.Add(items?.Length ?? -1);
            foreach (T item in items ?? [])
            {
                hash.Add(item);
            }
        }
    }
}
