import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { errors, Provider } from 'oidc-provider';
import { certificateOf, isTrusted, matchesSubject } from './certificates.mjs';
import { describe } from './requests.mjs';

const scope = 'api:read api:write';
const resources = {
  'https://api.example.com/orders': { scope, accessTokenFormat: 'jwt' },
  'urn:example:stock': { scope, accessTokenFormat: 'opaque' },
};
export const asymmetric = ['PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'Ed25519', 'EdDSA', 'RS256', 'RS384', 'RS512'];

/** Registers or replaces a client. Fails if its metadata are invalid. */
export async function register(provider, state, metadata) {
  const client = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [], scope, ...metadata };
  await provider.Client.validate(client);
  state.clients.set(client.client_id, client);
}

export async function createProvider(issuer, alias, configuration, state) {
  const provider = new Provider(issuer, {
    adapter: (name) => new Store(name === 'Client' ? state.clients : new Map()),
    jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    extraClientMetadata: { properties: ['previous_client_secret', 'lifetime'] },
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'],
    enabledJWA: { clientAuthSigningAlgValues: ['HS256', 'HS384', 'HS512', ...asymmetric], dPoPSigningAlgValues: asymmetric },
    scopes: scope.split(' '),
    ttl: { ClientCredentials: (_ctx, _token, client) => client.lifetime ?? 3600 },
    discovery: { mtls_endpoint_aliases: { token_endpoint: `${alias}/token` }, ...configuration.metadata },
    // RFC 10070 allows nothing else; the provider accepts more by default.
    assertJwtClientAuthClaimsAndHeader: async (_ctx, { aud }, { typ }) => {
      if (configuration.strictAssertions && (aud !== issuer || typ !== 'client-authentication+jwt')) {
        throw new errors.InvalidClientAuth('aud must be the issuer as a string, typ client-authentication+jwt');
      }
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => state.nonces.provider.isRequired },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => certificateOf(ctx.req),
        certificateAuthorized: (ctx) => isTrusted(certificateOf(ctx.req), configuration.certificateAuthorities ?? []),
        certificateSubjectMatches: (ctx, property, expected) => matchesSubject(certificateOf(ctx.req), property, expected),
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_ctx, resource) => resources[resource] ?? Promise.reject(new errors.InvalidTarget()),
      },
    },
  });

  state.nonces.provider.replaceThoseOf(provider);

  // During the rotation of a secret both are accepted.
  const compare = provider.Client.prototype.compareClientSecret;
  provider.Client.prototype.compareClientSecret = function compareEither(secret) {
    return compare.call(this, secret) || (this.previous_client_secret !== undefined && this.previous_client_secret === secret);
  };

  provider.on('server_error', (_ctx, error) => console.error(error));
  provider.on('grant.error', (ctx, error) => { ctx.state.detail = error.error_detail ?? error.error_description; });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token') {
      state.requests.push(describe(ctx));
      if (ctx.status === 200) {
        const { clientId, scope: granted, aud, jkt, 'x5t#S256': x5t } = ctx.oidc.entities.ClientCredentials;
        const { access_token: value, expires_in: seconds, token_type: type } = ctx.body;
        state.tokens.set(value, { clientId, scope: granted, aud, jkt, x5t, type, expiresAt: Date.now() + seconds * 1000 });
      }
    }
  });
  for (const client of configuration.clients) {
    await register(provider, state, client);
  }
  return provider;
}

/** An adapter for what is stored under one name. */
export class Store {
  constructor(items) {
    this.items = items;
  }

  async upsert(id, payload) {
    this.items.set(id, payload);
  }

  async find(id) {
    return this.items.get(id);
  }

  async destroy(id) {
    this.items.delete(id);
  }
}
