export { type AlpnSolver, alpnSolver, whileListeningForTls } from './acme/alpn-solver.ts'
export type { ExternalAccount } from './acme/client.ts'
export { commandSolver } from './acme/command-solver.ts'
export { type HttpSolver, httpSolver, whileListening } from './acme/http-solver.ts'
export { type AcmeFolder, acmeCertificate, type KeptCertificate } from './acme/kept.ts'
export { type AcmeOrder, orderCertificate, type Solver } from './acme/order.ts'
export { certificateId } from './acme/renewal.ts'
export {
  type Authority,
  type AuthorityOptions,
  type Leaf,
  type LeafOptions,
  makeAuthority,
  openAuthority,
} from './authority.ts'
export { type CheckOptions, checkCertificate, checkServer, type TlsFinding, type TlsReport } from './check.ts'
export { authorityIn, type DevCertificate, type DevCertificateOptions, devCertificate } from './dev.ts'
export { type Http2Listener, type Listening, type ListenOptions, listen, type TlsNotice } from './listen.ts'
export { type ModernHttp2, type ModernTls, modernHttp2, modernTls } from './modern.ts'
export { type KeyKind, makePrivateKey } from './private-keys.ts'
export { makeRequest, selfSign } from './self-signed.ts'
export type { AcmeSource, TlsSource } from './source.ts'
