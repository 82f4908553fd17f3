export type { AuditLine, BeginLine, DidLine, EndLine, EventLine, LostLine, MoreLine } from './line.ts'
export { type AuditEntry, type AuditOptions, type AuditTrail, openAudit } from './trail.ts'
export { type AuditFault, type AuditFile, type AuditReport, readAudit, verifyAudit } from './verify.ts'
