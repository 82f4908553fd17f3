export { type Box, isSealed } from './sealing/box.ts'
export { createEncryption, type Encryption, type EncryptionSettings } from './sealing/create.ts'
export type { Field, FieldOptions } from './sealing/field.ts'
export type { About, Lasting } from './sealing/head.ts'
export type { LinkAbout, Links } from './sealing/links.ts'
export {
  type Checkpoint,
  checkpointIn,
  type Reencryption,
  type ReencryptionProgress,
  reencrypt,
} from './sealing/reencrypt.ts'
export type { Signer } from './sealing/signer.ts'
