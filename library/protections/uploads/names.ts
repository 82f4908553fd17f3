/** Longest name that is handed on, in characters. Most file systems take 255 bytes. */
const LONGEST = 80
/** Names that Windows takes for devices, with any extension. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i

/**
 * What a client calls a file, made fit to be shown: without path, control and invisible characters, without characters that shells, markup or
 * file systems give a meaning, with one extension and no leading dot; `file` when nothing is left.
 *
 * **Security**: CWE-22, CWE-73, CWE-1007; ASVS 5.0 5.3.2. It is still the client's word: two files may have the same.
 */
export function cleanName(sent: string): string {
  const last = sent.slice(Math.max(sent.lastIndexOf('/'), sent.lastIndexOf('\\')) + 1)
  const extension = extensionOf(last)
  const stem = extension === '' ? last : last.slice(0, -extension.length - 1)
  const plain = stem
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N} _()-]+/gu, '-')
    .replace(/^[\s-]+|[\s-]+$/g, '')
  const short = [...plain].slice(0, LONGEST).join('') || 'file'
  const name = DEVICES.test(short) ? `${short}-` : short
  return extension === '' ? name : `${name}.${extension}`
}

/** The last extension of a name in small letters, without its dot; empty when it has none that could be one. */
export function extensionOf(name: string): string {
  return /[^./\\]\.([A-Za-z0-9]{1,10})$/.exec(name)?.[1]?.toLowerCase() ?? ''
}
