using System.Numerics;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>
/// Computes the members of a private RSA key that a JWK may omit (RFC 7518 section 6.3.2) and .NET requires, from n, e and d (NIST SP
/// 800-56B revision 2, appendix C.1).
/// </summary>
internal static class RsaPrimes
{
    private const int MaxBase = 40;

    /// <exception cref="FormatException">The members do not belong to one key.</exception>
    public static void AddTo(JsonWebKey key)
    {
        byte[] modulus = Decode(key.N);
        BigInteger n = Unsigned(modulus);
        BigInteger d = Unsigned(Decode(key.D));
        BigInteger e = Unsigned(Decode(key.E));
        BigInteger p = FindPrime(n, (d * e) - 1) ?? throw new FormatException("is an RSA JWK whose n, e and d do not belong together");
        BigInteger q = n / p;
        int length = (n.GetByteCount(isUnsigned: true) + 1) / 2;
        key.P = Encode(p, length);
        key.Q = Encode(q, length);
        key.DP = Encode(d % (p - 1), length);
        key.DQ = Encode(d % (q - 1), length);
        key.QI = Encode(BigInteger.ModPow(q, p - 2, p), length);
    }

    // A square root of 1 modulo n that is neither 1 nor -1 shares a prime with n. Half of all bases lead to one.
    private static BigInteger? FindPrime(BigInteger n, BigInteger multiple)
    {
        if (n.IsEven || !multiple.IsEven || multiple.Sign <= 0)
        {
            return null;
        }

        int halvings = (int)BigInteger.TrailingZeroCount(multiple);
        for (int candidate = 2; candidate <= MaxBase; candidate++)
        {
            BigInteger root = BigInteger.ModPow(candidate, multiple >> halvings, n);
            for (int halving = 0; halving < halvings && !root.IsOne && root != n - 1; halving++)
            {
                BigInteger square = root * root % n;
                if (square.IsOne)
                {
                    return BigInteger.GreatestCommonDivisor(root - 1, n);
                }

                root = square;
            }
        }

        return null;
    }

    // The exception of the decoder may quote what it decodes.
    private static byte[] Decode(string value)
    {
        try
        {
            return Base64UrlEncoder.DecodeBytes(value);
        }
        catch (FormatException)
        {
            throw new FormatException("is an RSA JWK whose n, e or d is not Base64url");
        }
    }

    private static BigInteger Unsigned(byte[] value) => new(value, isUnsigned: true, isBigEndian: true);

    private static string Encode(BigInteger value, int length)
    {
        byte[] bytes = new byte[length];
        byte[] digits = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, length - digits.Length);
        return Base64UrlEncoder.Encode(bytes);
    }
}
