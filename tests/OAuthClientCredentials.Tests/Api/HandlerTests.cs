using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>The handler between callers that give up or change their request, and a 401 that is handed back.</summary>
[Collection(nameof(Alone))]
public sealed class HandlerTests
{
    private readonly NumberedTokens _tokens = new();

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_caller_that_gives_up_does_not_end_the_renewal_for_others()
    {
        ConcurrentQueue<string> seen = new();
        TaskCompletionSource renewed = new();
        _tokens.Renew = async (_, cancellationToken) =>
        {
            await renewed.Task.WaitAsync(cancellationToken);
            return _tokens.Current.Value == "token-1" ? _tokens.Next() : _tokens.Current;
        };
        await using ApiClient api = new(_tokens, request =>
        {
            seen.Enqueue($"{request.RequestUri!.AbsolutePath} {request.Headers.Authorization!.Parameter}");
            return ApiClient.Respond(request.Headers.Authorization.Parameter == "token-1" ? 401 : 200);
        });
        using CancellationTokenSource impatient = new();
        Task<HttpResponseMessage> first = api.Http.GetAsync("/impatient", impatient.Token);
        Task<HttpResponseMessage> second = api.Http.GetAsync("/patient");
        await Eventually.True(() => _tokens.Renewals.Count == 2);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task<HttpResponseMessage> stream = api.Http.PostAsync("/stream", new OneTimeContent());
        await Eventually.True(() => _tokens.Renewals.Count == 3 || stream.IsCompleted || seen.Contains("/stream token-1"));
        renewed.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await second).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stream).StatusCode);
    }

    [Fact]
    [Trait("Req", "R-120")]
    public async Task A_ShouldRenew_that_throws_leaves_no_response_open()
    {
        TrackedResponse? response = null;
        await using ApiClient api = new(
            _tokens,
            _ => Task.FromResult<HttpResponseMessage>(response = new TrackedResponse()),
            options => options.ShouldRenew = _ => throw new InvalidOperationException("mine"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => api.Http.GetAsync("/"));
        Assert.True(response!.IsDisposed);
    }

    [Fact]
    [Trait("Req", "R-112")]
    public async Task A_request_whose_address_another_thread_changes_takes_no_token_to_another_origin()
    {
        int leaked = 0;
        bool done = false;
        Uri good = new("https://api.example.com/");
        Uri evil = new("https://evil.example.net/");
        await using ApiClient api = new(
            _tokens,
            request =>
            {
                leaked += request.RequestUri!.Host == evil.Host && request.Headers.Authorization is not null ? 1 : 0;
                return ApiClient.Respond(200);
            },
            options => options.SendWithoutTokenToOtherOrigins = true,
            builder => builder.AddHttpMessageHandler(() => new RepeatingHandler(() => leaked > 0)));
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        Thread changing = new(() =>
        {
            while (!Volatile.Read(ref done))
            {
                request.RequestUri = good;
                request.RequestUri = evil;
            }
        });
        Task<HttpResponseMessage> sending = Task.Run(() => api.Http.SendAsync(request));
        await Eventually.True(() => request.RequestUri!.IsAbsoluteUri);
        changing.Start();
        (await sending).Dispose();
        Volatile.Write(ref done, true);
        changing.Join();
        Assert.Equal(0, leaked);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task The_log_says_why_a_401_of_a_synchronous_call_is_returned()
    {
        await using ApiClient api = new(_tokens, _ => ApiClient.Respond(401));
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        api.Http.Send(request).Dispose();
        Assert.Contains("Debug 13", api.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task The_log_says_why_a_second_401_of_another_kind_is_returned()
    {
        int sent = 0;
        await using ApiClient api = new(
            _tokens,
            _ => ApiClient.Respond(401, ++sent == 1 ? null : "Bearer error=\"insufficient_scope\""));
        (await api.Http.GetAsync("/")).Dispose();
        Assert.Equal(2, sent);
        Assert.Contains("Debug 13", api.Log.Text, StringComparison.Ordinal);
    }

    private sealed class TrackedResponse : HttpResponseMessage
    {
        public bool IsDisposed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }

    private sealed class OneTimeContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    private sealed class RepeatingHandler(Func<bool> isEnough) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            for (int send = 0; send < 20_000 && !isEnough(); send++)
            {
                (await base.SendAsync(request, cancellationToken)).Dispose();
            }

            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
