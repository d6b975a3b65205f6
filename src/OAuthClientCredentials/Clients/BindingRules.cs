using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Clients;

/// <summary>The binding that the options select for tokens, and what is wrong with it .</summary>
internal static class BindingRules
{
    private const string DPoP = "DPoP";

    /// <summary>The binding of the options, without the one to a client certificate, which is known for each request only.</summary>
    public static TokenBinding? BindingOf(ClientCredentialsOptions options)
    {
        if (options.Binding is null && options.DPoPBoundAccessTokens)
        {
            return options.OfferedBinding;
        }

        return options.Binding;
    }

    /// <summary>
    /// Keeps the binding that a reload created again from the same key, with its nonces and with a key that is only in memory.
    /// </summary>
    public static void KeepEqualBinding(ClientCredentialsOptions options, ClientCredentialsOptions previous)
    {
        if (Equals(options.Binding, previous.Binding))
        {
            options.Binding = previous.Binding;
        }

        if (Equals(options.OfferedBinding, previous.OfferedBinding))
        {
            options.OfferedBinding = previous.OfferedBinding;
        }
    }

    public static IEnumerable<(string Option, string Problem)> Check(ClientContext client, ClientCredentialsOptions options)
    {
        if (!options.DPoPBoundAccessTokens)
        {
            return CheckWithoutDPoP(client, options);
        }

        if (options.CertificateBoundTokens)
        {
            const string Problem = "cannot be combined with CertificateBoundTokens. Remove one of the two";
            return [(nameof(options.DPoPBoundAccessTokens), Problem)];
        }

        if (options.Binding is not null && options.Binding.TokenType != DPoP)
        {
            const string Problem = "cannot be combined with UseTokenBinding, whose tokens have another type. Remove one of the two";
            return [(nameof(options.DPoPBoundAccessTokens), Problem)];
        }

        if (BindingOf(options) is not { } binding)
        {
            // This package does not reference a JWT library.
            const string Remedy = "call AddJwtAuthentication() after AddClientCredentials(), or UseDPoP() on these options";
            const string Problem = $"needs the package OAuthClientCredentials.Jwt. Install it and {Remedy}";
            return [(nameof(options.DPoPBoundAccessTokens), Problem)];
        }

        // The proof contains the address, so it must be known before the request is sent, and a proof is never sent without TLS.
        if (EndpointRules.Check(options.TokenEndpoint, PlainHttp.Loopback) is not null)
        {
            const string Problem = "must be https, or loopback, and the address of the server itself, because a DPoP proof contains it";
            return [(nameof(options.TokenEndpoint), Problem)];
        }

        return ProblemsOf(binding, client);
    }

    private static IEnumerable<(string Option, string Problem)> CheckWithoutDPoP(ClientContext client, ClientCredentialsOptions options)
    {
        if (!string.IsNullOrEmpty(options.DPoPKeyFile))
        {
            return [(nameof(options.DPoPKeyFile), "needs DPoPBoundAccessTokens. Set DPoPBoundAccessTokens to true, or remove this option")];
        }

        if (options.Binding is not null && options.CertificateBoundTokens)
        {
            const string Problem = "cannot be combined with UseTokenBinding. Remove one of the two";
            return [(nameof(options.CertificateBoundTokens), Problem)];
        }

        if (options.Binding is { } binding)
        {
            return ProblemsOf(binding, client);
        }

        return [];
    }

    private static IEnumerable<(string Option, string Problem)> ProblemsOf(TokenBinding binding, ClientContext client) =>
        binding.Validate(client).Select(problem => (problem.Key, problem.Value));
}
