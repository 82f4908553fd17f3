import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const CIPHER = /(?:^|:)crypto(?:\.default)?\.create(?:C|Dec)ipheriv$/
const ENCRYPTS = /(?:^|:)crypto(?:\.default)?\.createCipher(?:iv)?$/
const HMAC = /(?:^|:)crypto(?:\.default)?\.createHmac$/
const SECRET_KEY = /(?:^|:)crypto(?:\.default)?\.createSecretKey$/
const KEY_PAIR = /(?:^|:)crypto(?:\.default)?\.generateKeyPair(?:Sync)?$/

const keyInSource: Rule = {
  name: 'encryption/key-in-source',
  risk: 'weak-key',
  title: 'A key is written in the source',
  spotsSecrets: true,
  *check(file) {
    for (const { name, args } of calls(file)) {
      const key = CIPHER.test(name) || HMAC.test(name) ? args[1] : SECRET_KEY.test(name) ? args[0] : undefined
      if (key === undefined || !isFixed(file, key)) continue
      // The empty key of a checksum, and the short ones of test vectors, hide nothing; words of tutorials are another rule's.
      const text = file.valueOf(key)
      if (HMAC.test(name) && typeof text === 'string' && text.length < 16) continue
      yield {
        at: key,
        message: 'Whoever reads this source, or an old version of it, has the key.',
        remedy:
          'Take keys from the environment or a sealed file (bulwark keys new), and seal again what this key has sealed.',
      }
    }
  },
}

const ecbMode: Rule = {
  name: 'encryption/ecb-mode',
  risk: 'weak-cipher',
  title: 'Equal blocks are encrypted to equal blocks',
  *check(file) {
    for (const { name, args, call } of calls(file)) {
      if (!ENCRYPTS.test(name) || !/-ecb$/i.test(algorithm(file, args[0]))) continue
      yield {
        at: call,
        message: 'ECB shows which parts of what it hides are equal, and lets anybody exchange them.',
        remedy: 'Use req.security.encryption.box(), or aes-256-gcm with a random nonce each time.',
      }
    }
  },
}

const brokenCipher: Rule = {
  name: 'encryption/broken-cipher',
  risk: 'weak-cipher',
  title: 'A cipher that has been broken',
  *check(file) {
    for (const { name, args, call } of calls(file)) {
      if (!ENCRYPTS.test(name)) continue
      // createCipher without iv makes key and nonce from the password with one round of MD5.
      const isOld = /createCipher$/.test(name)
      if (!isOld && !/^(?:des|rc[24]|bf|blowfish|cast|seed|idea)/i.test(algorithm(file, args[0]))) continue
      yield {
        at: call,
        message: 'Blocks or keys of this cipher are so small that what it hides can be found out.',
        remedy: 'Use req.security.encryption.box(), or aes-256-gcm with a random nonce each time.',
      }
    }
  },
}

const staticIv: Rule = {
  name: 'encryption/static-iv',
  risk: 'weak-cipher',
  title: 'Everything is encrypted with the same nonce',
  *check(file) {
    for (const { name, args } of calls(file)) {
      const iv = ENCRYPTS.test(name) ? args[2] : undefined
      if (iv === undefined || /-ecb$/i.test(algorithm(file, args[0])) || !isFixed(file, iv)) continue
      yield {
        at: iv,
        message:
          'Two values under the same key and nonce tell their difference, and with GCM the key that protects against changes.',
        remedy: 'Draw a new nonce for each value with randomBytes(12), or use req.security.encryption.box().',
      }
    }
  },
}

const noAuthentication: Rule = {
  name: 'encryption/no-authentication',
  risk: 'altered-ciphertext',
  title: 'Encrypted values can be changed without being noticed',
  *check(file) {
    for (const { name, args, call } of calls(file)) {
      if (!ENCRYPTS.test(name) || !/-(?:cbc|ctr|cfb\d*|ofb)$/i.test(algorithm(file, args[0]))) continue
      const scope = file.scopeOf(call)
      // Whoever authenticates does so right where the cipher is used.
      if (/hmac|authTag/i.test(file.text.slice(scope.start, scope.end))) continue
      yield {
        at: call,
        message:
          'This mode hides, but whoever changes a bit of it changes a bit of what it hides, and may learn the rest from the errors.',
        remedy: 'Use req.security.encryption.box(), or aes-256-gcm and check its tag.',
      }
    }
  },
}

const guessableToken: Rule = {
  name: 'encryption/guessable-token',
  risk: 'guessable-token',
  title: 'A token comes from Math.random',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      if (file.text.slice(call['callee'].start, call['callee'].end) !== 'Math.random') continue
      const purpose = purposeOf(file, call)
      if (purpose === undefined || !SECRET_WORD.test(wordsOf(purpose))) continue
      yield {
        at: call,
        message: 'A few of these numbers tell all that come after them, in every process of this machine.',
        remedy: 'Use randomBytes, randomInt or randomUUID of node:crypto.',
      }
    }
  },
}

const weakKeySize: Rule = {
  name: 'encryption/weak-key-size',
  risk: 'weak-key',
  title: 'A key pair that is too small',
  *check(file) {
    for (const { name, args, call } of calls(file)) {
      if (!KEY_PAIR.test(name) || args[0] === undefined) continue
      const kind = file.valueOf(args[0])
      const bits = constantOf(file, file.propertyOf(args[1], 'modulusLength'))
      const curve = String(constantOf(file, file.propertyOf(args[1], 'namedCurve')) ?? '')
      const isSmall = (kind === 'rsa' || kind === 'rsa-pss') && typeof bits === 'number' && bits < 2048
      const isWeakCurve = kind === 'ec' && /^(?:sec[pt]|wap|prime|brainpoolP|c2)\D*(?:1[0-9]{2})\D/i.test(curve)
      if (!isSmall && !isWeakCurve && kind !== 'dsa') continue
      yield {
        at: call,
        message: 'Keys of this kind or size can be found out with the machines of today.',
        remedy: "Use 'ed25519', 'ec' with P-256, or 'rsa' with 3072 bits.",
      }
    }
  },
}

const uncheckedCertificate: Rule = {
  name: 'encryption/unchecked-certificate',
  risk: 'unchecked-certificate',
  title: 'Whoever answers is believed to be the right one',
  *check(file) {
    const message = 'Anybody on the way can answer in place of the server, and read and change everything.'
    const remedy = 'Hand in the authority that signed the certificate as ca, and leave the check on.'
    for (const property of file.nodes('Property')) {
      const key = nameOf(property['key'] as Node)
      const value = property['value'] as Node
      const object = file.parent(property)
      if (key === 'rejectUnauthorized' && file.valueOf(value) === false) {
        // A server that asks clients for certificates and judges them itself.
        if (constantOf(file, file.propertyOf(object, 'requestCert')) === true) continue
        yield { at: property, message, remedy }
      } else if (key === 'checkServerIdentity' && isEmptyFunction(value)) yield { at: property, message, remedy }
    }
    for (const assignment of file.nodes('AssignmentExpression')) {
      const { start, end } = assignment['left'] as Node
      const isSwitch = /^process\.env(?:\.|\[['"])NODE_TLS_REJECT_UNAUTHORIZED(?:['"]\])?$/.test(
        file.text.slice(start, end),
      )
      if (isSwitch && String(file.valueOf(assignment['right'] as Node)) === '0')
        yield { at: assignment, message, remedy }
    }
  },
}

const oldTls: Rule = {
  name: 'encryption/old-tls',
  risk: 'weak-cipher',
  title: 'Connections may use a version of TLS that has been broken',
  *check(file) {
    for (const property of file.nodes('Property')) {
      const key = nameOf(property['key'] as Node)
      if (key !== 'minVersion' && key !== 'secureProtocol') continue
      const value = String(file.valueOf(property['value'] as Node) ?? '')
      if (!/^(?:TLSv1(?:\.1)?|SSLv\d+_.*|SSLv\d+|TLSv1(?:_1)?_.*)$/.test(value)) continue
      yield {
        at: property,
        message: 'TLS before 1.2 lets an attacker on the way read parts of what is sent (RFC 8996).',
        remedy: "Leave it out, or write minVersion: 'TLSv1.2'.",
      }
    }
  },
}

export const rules: readonly Rule[] = [
  keyInSource,
  ecbMode,
  brokenCipher,
  staticIv,
  noAuthentication,
  guessableToken,
  weakKeySize,
  uncheckedCertificate,
  oldTls,
]

const SECRET_WORD =
  /(?:^| )(?:tokens?|secrets?|passwords?|passwd|passphrase|otp|totp|nonce|csrf|iv|session id|sid|api key|access key|private key|secret key|encryption key|(?:verification|reset|recovery|invite|invitation|login|auth|confirmation|security|pin) code|pin)(?: |$)/

function* calls(
  file: SourceFile,
): Iterable<{ readonly name: string; readonly args: readonly Node[]; readonly call: Node }> {
  for (const call of file.nodes('CallExpression')) {
    const name = file.nameOf(call['callee'] as Node)
    if (name !== undefined) yield { name, args: call['arguments'] as readonly Node[], call }
  }
}

function algorithm(file: SourceFile, node: Node | undefined): string {
  return String(constantOf(file, node) ?? '')
}

function constantOf(file: SourceFile, node: Node | undefined): unknown {
  return node === undefined ? undefined : file.valueOf(node)
}

/** The same bytes each time: a constant, a constant as bytes, a constant that was hashed, or one to fall back on. */
function isFixed(file: SourceFile, node: Node): boolean {
  const value = file.valueOf(node)
  if (value !== undefined) return typeof value === 'string' && value !== ''
  if (node.type === 'LogicalExpression') return node['operator'] !== '&&' && isFixed(file, node['right'] as Node)
  if (node.type === 'NewExpression') return isFilled(node)
  if (node.type !== 'CallExpression') return false
  const callee = node['callee'] as Node
  const args = node['arguments'] as readonly Node[]
  const name = file.nameOf(callee) ?? file.text.slice(callee.start, callee.end)
  const [first] = args
  if (/(?:^|\.)Buffer\.alloc$/.test(name)) {
    // An empty buffer stands in for what is not there, and no cipher takes it.
    return first !== undefined && file.valueOf(first) !== 0 && (args[1] === undefined || isConstant(file, args[1]))
  }
  if (/(?:^|\.)Buffer\.from$/.test(name)) return first !== undefined && isConstant(file, first)
  if (/(?:^|:)crypto(?:\.default)?\.scryptSync$/.test(name)) return args.slice(0, 2).every((arg) => isFixed(file, arg))
  // createHash(...).update('constant').digest(...)
  if (callee.type !== 'MemberExpression') return false
  const method = nameOf(callee['property'] as Node)
  const object = callee['object'] as Node
  if (method === 'digest' || method === 'slice' || method === 'subarray' || method === 'substring')
    return isFixed(file, object)
  return (
    method === 'update' &&
    first !== undefined &&
    isConstant(file, first) &&
    /createHash\(/.test(file.text.slice(object.start, object.end))
  )
}

function isConstant(file: SourceFile, node: Node): boolean {
  if (file.valueOf(node) !== undefined) return true
  if (node.type !== 'ArrayExpression') return false
  return (node['elements'] as readonly (Node | null)[]).every(
    (each) => each !== null && file.valueOf(each) !== undefined,
  )
}

/** `new Uint8Array(16)`: zeroes. */
function isFilled(node: Node): boolean {
  const args = node['arguments'] as readonly Node[]
  return (
    (node['callee'] as Node)['name'] === 'Uint8Array' && args.length === 1 && typeof args[0]?.['value'] === 'number'
  )
}

/** What a number is for, by the name that it is given: of a variable, a property, or the function that answers it. */
function purposeOf(file: SourceFile, call: Node): string | undefined {
  let inside: Node = call
  for (let node = file.parent(call); node !== undefined; inside = node, node = file.parent(node)) {
    switch (node.type) {
      case 'VariableDeclarator':
        return nameOf(node['id'] as Node)
      case 'AssignmentExpression': {
        const name = lastName(node['left'] as Node)
        if (name === undefined || !/^(?:text|result|out|res|str|string|value|id|code|s)$/.test(name)) return name
        return functionName(file, node)
      }
      case 'Property':
      case 'PropertyDefinition':
        return inside === node['value'] ? nameOf(node['key'] as Node) : undefined
      case 'ReturnStatement':
        return functionName(file, node)
      case 'ArrowFunctionExpression':
        if (inside !== node['body'] || inside.type === 'BlockStatement') return undefined
        break
      case 'IfStatement':
      case 'ExpressionStatement':
      case 'ConditionalExpression':
        // `Math.random() > 0.5` decides; it is not what is kept.
        return undefined
      case 'BinaryExpression':
        if (/^[<>=!]/.test(String(node['operator']))) return undefined
        break
      default:
    }
  }
  return undefined
}

function functionName(file: SourceFile, node: Node): string | undefined {
  const fn = file.scopeOf(node)
  if (fn['id']) return nameOf(fn['id'] as Node)
  const holder = file.parent(fn)
  if (holder?.type === 'VariableDeclarator') return nameOf(holder['id'] as Node)
  return holder?.type === 'Property' || holder?.type === 'MethodDefinition' ? nameOf(holder['key'] as Node) : undefined
}

function lastName(node: Node): string | undefined {
  return node.type === 'MemberExpression' ? nameOf(node['property'] as Node) : nameOf(node)
}

function nameOf(node: Node | undefined): string | undefined {
  const name = node?.['name'] ?? node?.['value']
  return typeof name === 'string' ? name : undefined
}

/** `resetToken` and `RESET_TOKEN` are both "reset token". */
function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_$-]+/g, ' ')
    .toLowerCase()
    .trim()
}

function isEmptyFunction(node: Node): boolean {
  if (!/Function/.test(node.type)) return false
  const body = node['body'] as Node
  if (body.type === 'BlockStatement') {
    const statements = body['body'] as readonly Node[]
    return statements.every((each) => each.type === 'ReturnStatement' && isNothing(each['argument'] as Node | null))
  }
  return isNothing(body)
}

function isNothing(node: Node | null): boolean {
  return (
    node === null ||
    node['name'] === 'undefined' ||
    node['operator'] === 'void' ||
    node['value'] === null ||
    node['value'] === true
  )
}
