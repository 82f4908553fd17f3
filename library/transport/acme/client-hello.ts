/** What a client asks for before anything is encrypted: the name, and the protocols that it offers to speak. */
export interface ClientHello {
  readonly name: string | undefined
  readonly protocols: readonly string[]
}

const [RECORD, HANDSHAKE] = [5, 4]
const [SERVER_NAME, PROTOCOLS] = [0, 16]
/** The most that one record of TLS holds. */
const MOST = 16_384 + RECORD

/**
 * Reads the first message of TLS from as many bytes as there are: `'more'` while it is not whole, `undefined` for anything else.
 * A message that is spread over several records is none that a certificate authority sends. Source: RFC 8446, 4.1.2 and 5.1.
 */
export function readClientHello(bytes: Buffer): ClientHello | 'more' | undefined {
  if (bytes.length > 0 && bytes[0] !== 0x16) return undefined
  if (bytes.length < RECORD) return 'more'
  const whole = RECORD + bytes.readUInt16BE(3)
  if (whole > MOST) return undefined
  if (bytes.length < whole) return 'more'
  try {
    return readMessage(bytes.subarray(RECORD, whole))
  } catch (error) {
    // Lengths that point past the end are no message.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function readMessage(message: Buffer): ClientHello | undefined {
  if (message.readUInt8(0) !== 1 || HANDSHAKE + message.readUIntBE(1, 3) !== message.length) return undefined
  // The version and the random number, then three lists that do not matter here.
  let at = HANDSHAKE + 34
  at += 1 + message.readUInt8(at)
  at += 2 + message.readUInt16BE(at)
  at += 1 + message.readUInt8(at)
  if (at === message.length) return { name: undefined, protocols: [] }
  const end = at + 2 + message.readUInt16BE(at)
  at += 2
  let name: string | undefined
  let protocols: readonly string[] = []
  while (at < end) {
    const [kind, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 2)]
    const content = message.subarray(at + 4, at + 4 + length)
    if (content.length !== length) return undefined
    if (kind === SERVER_NAME && content.readUInt8(2) === 0) {
      name = content.toString('latin1', 5, 5 + content.readUInt16BE(3)).toLowerCase()
    }
    if (kind === PROTOCOLS) protocols = readProtocols(content.subarray(2))
    at += 4 + length
  }
  return { name, protocols }
}

function readProtocols(list: Buffer): readonly string[] {
  const protocols: string[] = []
  for (let at = 0; at < list.length; ) {
    const length = list.readUInt8(at)
    protocols.push(list.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return protocols
}
