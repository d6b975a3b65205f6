import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { Provider } from 'oidc-provider';
import validateDpop, { checkDpopReplay } from './node_modules/oidc-provider/lib/helpers/validate_dpop.js';
import { certificateOf, thumbprintOf } from './certificates.mjs';
import { asymmetric, Store } from './provider.mjs';

/** Accepts tokens that the provider issued and that are not revoked, from the client certificate or key that they are bound to. */
export function createApi(issuer, state) {
  const plain = createProofChecker(issuer, state.nonces.api);
  const mutual = createProofChecker(issuer, state.nonces.mtlsApi);

  return async (request, response) => {
    const [scheme, value] = (request.headers.authorization ?? '').split(' ');
    const token = state.tokens.get(value);
    const certificate = thumbprintOf(certificateOf(request));
    const error = scheme === '' ? '' : await refuse();
    state.calls.push({ clientId: token?.clientId, status: error === undefined ? 200 : 401, error, scheme, certificate, x5t: token?.x5t, mtls: request.socket.encrypted === true });
    if (error === undefined) {
      const cnf = token.jkt ? { jkt: token.jkt } : token.x5t ? { 'x5t#S256': token.x5t } : undefined;
      answer(200, { client_id: token.clientId, scope: token.scope, aud: token.aud, cnf });
    } else {
      const challenge = token?.jkt || scheme === 'DPoP' ? 'DPoP' : 'Bearer';
      response.setHeader('WWW-Authenticate', error ? `${challenge} error="${error}"` : challenge);
      answer(401, { error });
    }

    async function refuse() {
      const holds = token && Date.now() < token.expiresAt && scheme.toLowerCase() === token.type.toLowerCase() && [undefined, certificate].includes(token.x5t);
      return !holds ? 'invalid_token' : token.jkt ? refuseProof() : undefined;
    }

    async function refuseProof() {
      const provider = request.socket.encrypted ? mutual : plain;
      const ctx = provider.createContext(request, response);
      ctx.oidc = new provider.OIDCContext(ctx);
      ctx.oidc.urlFor = () => ctx.href.split('?')[0];
      try {
        const proof = await validateDpop(provider, ctx, value);
        await checkDpopReplay(provider, ctx, proof, token.clientId);
        return proof?.thumbprint === token.jkt ? undefined : 'invalid_token';
      } catch (refusal) {
        return refusal.error === 'use_dpop_nonce' ? refusal.error : 'invalid_dpop_proof';
      }
    }

    function answer(status, body) {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(body));
    }
  };
}

// A provider that only checks proofs, as oidc-provider does for its own userinfo page, which does not accept tokens of this grant.
function createProofChecker(issuer, nonces) {
  const provider = new Provider(issuer, {
    adapter: () => new Store(new Map()),
    jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    enabledJWA: { dPoPSigningAlgValues: asymmetric },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => nonces.isRequired },
    },
  });
  nonces.replaceThoseOf(provider);
  return provider;
}
