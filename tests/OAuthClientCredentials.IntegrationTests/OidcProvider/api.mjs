import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { certificateOf, thumbprintOf } from './certificates.mjs';

/** Accepts tokens that the provider issued and that are not revoked, from the client certificate or key that they are bound to. */
export function createApi(configuration, state) {
  const proofs = new Set();
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
      const challenge = token?.jkt ? 'DPoP' : 'Bearer';
      response.setHeader('WWW-Authenticate', error ? `${challenge} error="${error}"` : challenge);
      answer(401, { error });
    }

    async function refuse() {
      const holds = token && Date.now() < token.expiresAt && scheme.toLowerCase() === token.type.toLowerCase() && [undefined, certificate].includes(token.x5t);
      return !holds ? 'invalid_token' : token.jkt ? refuseProof() : undefined;
    }

    async function refuseProof() {
      const nonce = configuration.dpopNonce ? state.apiNonce ?? 'api-nonce-1' : undefined;
      if (nonce) {
        response.setHeader('DPoP-Nonce', nonce);
      }
      try {
        const { payload, protectedHeader } = await jwtVerify(request.headers.dpop, EmbeddedJWK, { typ: 'dpop+jwt', maxTokenAge: '5 min' });
        if (nonce && payload.nonce !== nonce) {
          return 'use_dpop_nonce';
        }
        const address = `${request.socket.encrypted ? 'https' : 'http'}://${request.headers.host}${request.url.split('?')[0]}`;
        const holds = payload.htm === request.method && payload.htu === address
          && payload.ath === createHash('sha256').update(value).digest('base64url')
          && await calculateJwkThumbprint(protectedHeader.jwk) === token.jkt
          && payload.jti && !proofs.has(payload.jti);
        proofs.add(payload.jti);
        return holds ? undefined : 'invalid_dpop_proof';
      } catch {
        return 'invalid_dpop_proof';
      }
    }

    function answer(status, body) {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(body));
    }
  };
}
