using System.Diagnostics.CodeAnalysis;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>What was found under a key: a token that has not expired, nothing, or an entry that could not be read.</summary>
internal readonly record struct StoredToken(AccessToken? Token, bool IsUnreadable, bool IsDue)
{
    public static StoredToken None => default;

    public static StoredToken Unreadable => new(null, IsUnreadable: true, IsDue: false);

    public string Outcome
    {
        get
        {
            if (IsUnreadable)
            {
                return "unreadable";
            }

            return Token is null ? "miss" : "hit";
        }
    }

    /// <summary>
    /// Whether the token can be used instead of another one. A token whose own renewal is due is not newer than the one to replace. It is
    /// what an instance finds whose last token could not be stored.
    /// </summary>
    [MemberNotNullWhen(true, nameof(Token))]
    public bool CanReplace(AccessToken? notThisToken)
    {
        if (Token is null)
        {
            return false;
        }

        return notThisToken is null || (Token.Value != notThisToken.Value && !IsDue);
    }
}
