import { certificateOf, thumbprintOf } from './certificates.mjs';

/** The description of a token request for tests, without secrets. */
export function describe(ctx) {
  const params = ctx.oidc?.params ?? {};
  const client = ctx.oidc?.entities.Client;
  const scheme = ctx.get('authorization').split(' ')[0];
  const assertion = decode(params.client_assertion);
  return {
    clientId: client?.clientId ?? params.client_id,
    // The method of the request, not of the registration.
    method: scheme ? 'client_secret_basic'
      : params.client_secret ? 'client_secret_post'
        : assertion?.header.alg?.startsWith('HS') ? 'client_secret_jwt'
          : assertion ? 'private_key_jwt'
            : certificateOf(ctx.req) ? 'tls' : 'none',
    parameters: Object.keys(params).filter((name) => params[name] !== undefined),
    scope: params.scope,
    resource: params.resource,
    assertionType: params.client_assertion_type,
    assertion,
    dpop: decode(ctx.get('dpop')),
    mtls: ctx.secure,
    certificate: thumbprintOf(certificateOf(ctx.req)),
    status: ctx.status,
    error: ctx.body?.error,
    detail: ctx.state.detail,
  };
}

/** Header and claims of a JWT, without the signature. */
function decode(jwt) {
  const parts = typeof jwt === 'string' ? jwt.split('.') : [];
  try {
    return parts.length === 3 ? { header: parse(parts[0]), claims: parse(parts[1]) } : undefined;
  } catch {
    return undefined;
  }
}

function parse(part) {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
