import { createHash, X509Certificate } from 'node:crypto';

export const certificateOf = (request) => request.socket.getPeerX509Certificate?.();

export const thumbprintOf = (certificate) => certificate && createHash('sha256').update(certificate.raw).digest('base64url');

export function isTrusted(certificate, authorities) {
  const now = new Date();
  return new Date(certificate.validFrom) <= now && now < new Date(certificate.validTo)
    && authorities.map((pem) => new X509Certificate(pem)).some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
}

export function matchesSubject(certificate, property, expected) {
  const names = { tls_client_auth_san_dns: 'DNS', tls_client_auth_san_uri: 'URI', tls_client_auth_san_ip: 'IP Address', tls_client_auth_san_email: 'email' };
  return property === 'tls_client_auth_subject_dn'
    ? certificate.subject.split('\n').reverse().join() === expected.split(/, */).join() // RFC 4514 starts with the last part.
    : (certificate.subjectAltName ?? '').split(', ').includes(`${names[property]}:${expected}`);
}
