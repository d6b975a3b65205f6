using System.Buffers;
using System.Text.Json;

namespace OAuthClientCredentials;

/// <summary>
/// What one call may ask for differently from its client's options. What is <see langword="null"/> is as the client has it; what is empty
/// is left out.
/// </summary>
/// <remarks>Immutable, with value equality: equal requests share one cached token.</remarks>
public sealed class TokenRequest : IEquatable<TokenRequest>
{
    private static readonly string[] Reserved =
    [
        "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource", "audience",
        "authorization_details", "dpop",
    ];

    private static readonly SearchValues<char> ScopeCharacters = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(code => (char)code).Where(character => character is not ('"' or '\\'))]);

    private readonly string[]? _scopes;
    private readonly string[]? _resources;
    private readonly KeyValuePair<string, string>[]? _parameters;
    private readonly string? _authorizationDetails;
    private int _hash;

    internal static TokenRequest Default { get; } = new();

    /// <summary>The scopes (RFC 6749 section 3.3), instead of the client's. Order and repetition do not matter.</summary>
    /// <exception cref="ArgumentException">A scope has characters that RFC 6749 section 3.3 does not allow.</exception>
    public IReadOnlyList<string>? Scopes
    {
        get => _scopes;
        init => _scopes = value is null ? null : Canonical.Scopes(Check(value, CheckScopes, nameof(Scopes)));
    }

    /// <summary>The resources (RFC 8707), instead of the client's.</summary>
    /// <exception cref="ArgumentException">A resource is no absolute URI, or has a fragment.</exception>
    public IReadOnlyList<string>? Resources
    {
        get => _resources;
        init => _resources = value is null ? null : [.. Check(value, CheckResource, nameof(Resources))];
    }

    /// <summary>The <c>audience</c>, instead of the client's.</summary>
    public string? Audience { get; init; }

    /// <summary>The <c>authorization_details</c> (RFC 9396), a JSON array, instead of the client's.</summary>
    /// <exception cref="ArgumentException">The value is no JSON array.</exception>
    public string? AuthorizationDetails
    {
        get => _authorizationDetails;
        init => _authorizationDetails = string.IsNullOrEmpty(value)
            ? value
            : Check([value], CheckAuthorizationDetails, nameof(AuthorizationDetails))[0];
    }

    /// <summary>Further parameters, besides the client's; one with the same name replaces the client's.</summary>
    /// <exception cref="ArgumentException">A parameter has no value, or is one that the library sends itself.</exception>
    public IReadOnlyDictionary<string, string>? Parameters
    {
        get => _parameters?.ToDictionary(StringComparer.Ordinal);
        init => _parameters = value is null
            ? null
            : Canonical.Parameters(Check(value, CheckParameter, nameof(Parameters)));
    }

    internal IReadOnlyList<KeyValuePair<string, string>> ParameterList => _parameters ?? [];

    /// <inheritdoc/>
    public bool Equals(TokenRequest? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && GetHashCode() == other.GetHashCode()
            && Audience == other.Audience
            && AuthorizationDetails == other.AuthorizationDetails
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
            hash.Add(AuthorizationDetails);
            Canonical.AddItems(ref hash, _scopes);
            Canonical.AddItems(ref hash, _resources);
            Canonical.AddItems(ref hash, _parameters);
            _hash = hash.ToHashCode() | 1;
        }

        return _hash;
    }

    // A parameter may not be sent twice.
    internal static string? CheckParameter(string name, string? value)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "has a parameter without a name";
        }

        if (Reserved.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return $"may not set '{name}': the library sends it itself; use the option of that name";
        }

        return string.IsNullOrEmpty(value) ? $"has no value for '{name}'; leave the parameter out instead (RFC 6749 section 3.2)" : null;
    }

    // The characters of RFC 6749 section 3.3.
    internal static string? CheckScopes(string? scopes)
    {
        foreach (string scope in (scopes ?? "").Split(' '))
        {
            if (scope.Length == 0)
            {
                return "has an empty scope; separate scopes by single spaces, or list them one by one";
            }

            if (scope.AsSpan().ContainsAnyExcept(ScopeCharacters))
            {
                return "has a scope with a character that RFC 6749 section 3.3 does not allow "
                    + "(printable ASCII without space, quote and backslash)";
            }
        }

        return null;
    }

    internal static string? CheckResource(string? resource) =>
        Uri.TryCreate(resource, UriKind.Absolute, out _) && !resource.Contains('#', StringComparison.Ordinal)
            ? null
            : "must hold absolute URIs without a fragment (RFC 8707 section 2)";

    internal static string? CheckAuthorizationDetails(string details)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(details);
            return document.RootElement.ValueKind == JsonValueKind.Array ? null : "must be a JSON array (RFC 9396 section 2)";
        }
        catch (JsonException)
        {
            return "must be a JSON array (RFC 9396 section 2)";
        }
    }

    private static string? CheckParameter(KeyValuePair<string, string> parameter) =>
        CheckParameter(parameter.Key, parameter.Value);

    private static T[] Check<T>(IEnumerable<T> values, Func<T, string?> check, string property)
    {
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

    private static class Canonical
    {
        public static string[] Scopes(IEnumerable<string> scopes) =>
            [.. scopes.SelectMany(scope => scope.Split(' ')).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

        public static KeyValuePair<string, string>[] Parameters(IEnumerable<KeyValuePair<string, string>> parameters) =>
            [.. parameters.OrderBy(parameter => parameter.Key, StringComparer.Ordinal)];

        public static bool SameItems<T>(T[]? left, T[]? right) =>
            left is null || right is null ? ReferenceEquals(left, right) : left.AsSpan().SequenceEqual(right);

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
