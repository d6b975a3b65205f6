using System.Net;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>Lets other processes do over HTTP what a test does in code: outage, revocation, rotation.</summary>
internal sealed class RemoteControl(Action outage, Action recover, Action revoke, Func<string, TestClient?> findClient)
{
    private const string Path = "/test/";

    /// <summary>Returns null if the request is one for the server itself.</summary>
    public Task<HttpResponseMessage>? Apply(HttpRequestMessage request)
    {
        Uri address = request.RequestUri!;
        if (request.Method != HttpMethod.Post || !address.AbsolutePath.StartsWith(Path, StringComparison.Ordinal))
        {
            return null;
        }

        return Apply(address.AbsolutePath[Path.Length..], address.Query) is { } status
            ? Task.FromResult(Responses.Text(status, "", "text/plain"))
            : null;
    }

    // Any other path may be that of an issuer.
    private HttpStatusCode? Apply(string command, string query)
    {
        switch (command)
        {
            case "outage": outage(); break;
            case "recover": recover(); break;
            case "revoke": revoke(); break;
            case "secrets": return ChangeSecrets(TokenRequestForm.Parse(query.TrimStart('?')));
            default: return null;
        }

        return HttpStatusCode.NoContent;
    }

    private HttpStatusCode ChangeSecrets(IReadOnlyList<KeyValuePair<string, string>> parameters)
    {
        if (findClient(parameters.FirstOrDefault(parameter => parameter.Key == "client").Value ?? "") is not { } client)
        {
            return HttpStatusCode.NotFound;
        }

        foreach ((string name, string value) in parameters)
        {
            switch (name)
            {
                case "add": client.AddSecret(value); break;
                case "remove": client.RemoveSecret(value); break;
                default: break;
            }
        }

        return HttpStatusCode.NoContent;
    }
}
