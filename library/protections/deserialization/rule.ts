import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** Functions whose first argument they make objects with functions of, or objects of any kind. */
const REVIVES =
  /^(?:node-serialize(?:\.default)?\.unserialize|serialize-to-js(?:\.default)?\.deserialize|funcster(?:\.default)?\.(?:deepDeserialize|deserialize)|cryo(?:\.default)?\.parse|serialijse(?:\.default)?\.deserialize|seroval\.deserialize|json-fn(?:\.default)?\.parse|jsonfn(?:\.default|\.JSONfn)?\.parse|telejson(?:\.default)?\.parse|(?:node:)?v8(?:\.default)?\.(?:deserialize|Deserializer|DefaultDeserializer))$/
const YAML = /^js-yaml(?:\.default)?\.(?:load|loadAll)$/
/** Schemas of js-yaml 3, and of its companion for 4, that know functions. */
const YAML_WITH_FUNCTIONS = /^(?:js-yaml(?:\.default)?\.DEFAULT_FULL_SCHEMA|js-yaml-js-types\b.*)$/
const YAML_SAFE =
  /^js-yaml(?:\.default)?\.(?:DEFAULT_SAFE_SCHEMA|SAFE_SCHEMA|FAILSAFE_SCHEMA|JSON_SCHEMA|CORE_SCHEMA|DEFAULT_SCHEMA)$/
const BSON = /^(?:bson|js-bson|mongodb)\b.*\.deserialize$/
const XML =
  /^(?:libxmljs2?|libxmljs-mt|node-libxml)(?:\.default)?\.(?:parseXml|parseXmlString|parseXmlAsync|parseHtml|parseHtmlString|Document\.fromXml|Document\.fromXmlAsync)$/
/** What makes libxml replace entities, or fetch the documents that declare them. */
const XML_OPTIONS = ['noent', 'dtdload', 'dtdvalid', 'dtdattr', 'huge', 'replaceEntities'] as const

const taintedRevival: Rule = {
  name: 'deserialization/tainted-revival',
  risk: 'unsafe-deserialization',
  title: 'What the client sends is made into objects with behaviour',
  *check(file) {
    for (const call of callsOf(file)) {
      const [data] = call['arguments'] as readonly (Node | undefined)[]
      if (data === undefined || data.type === 'SpreadElement' || !revives(file, call)) continue
      const taint = file.taintOf(data)
      if (taint === undefined) continue
      yield {
        at: call,
        message: `${taint.source} decides what objects this makes, functions or patterns among them.`,
        remedy: 'Read data with JSON.parse(), and check it with a schema.',
        taint,
      }
    }
  },
}

const taintedXml: Rule = {
  name: 'deserialization/tainted-xml',
  risk: 'xml-entities',
  title: 'Entities in XML of the client are replaced',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const [data, options] = call['arguments'] as readonly (Node | undefined)[]
      const name = data && file.nameOf(call['callee'] as Node)
      if (data === undefined || name === undefined || !XML.test(name)) continue
      const on = XML_OPTIONS.find((option) => isTrue(file, file.propertyOf(options, option)))
      const taint = on === undefined ? undefined : file.taintOf(data)
      if (taint === undefined) continue
      yield {
        at: call,
        message: `${taint.source} is read with ${on}, so its entities may name files and grow without end.`,
        remedy: `Leave ${on} out: libxml then replaces no entities and fetches nothing.`,
        taint,
      }
    }
  },
}

export const rules: readonly Rule[] = [taintedRevival, taintedXml]

function* callsOf(file: SourceFile): Iterable<Node> {
  yield* file.nodes('CallExpression')
  yield* file.nodes('NewExpression')
}

function revives(file: SourceFile, call: Node): boolean {
  const name = file.nameOf(call['callee'] as Node)
  if (name === undefined) return false
  if (REVIVES.test(name)) return true
  const options = (call['arguments'] as readonly (Node | undefined)[]).slice(1)
  if (BSON.test(name)) return options.some((each) => isTrue(file, file.propertyOf(each, 'evalFunctions')))
  return YAML.test(name) && knowsFunctions(file, options)
}

/** js-yaml knew functions by default until its version 4, and still learns them from a schema. */
function knowsFunctions(file: SourceFile, options: readonly (Node | undefined)[]): boolean {
  for (const each of options) {
    const schema = file.propertyOf(each, 'schema')
    if (schema === undefined) continue
    const name = file.nameOf(schema)
    if (name !== undefined && YAML_SAFE.test(name)) return false
    if (name !== undefined && YAML_WITH_FUNCTIONS.test(name)) return true
    return mentionsFunctions(file, schema)
  }
  return /^[\^~>=\s]*[0-3]\./.test(versionOf(file, 'js-yaml'))
}

/** `DEFAULT_SCHEMA.extend(unsafe)`, also under a name: what is added counts. */
function mentionsFunctions(file: SourceFile, schema: Node): boolean {
  if (schema.type === 'Identifier') {
    return [...file.nodes('VariableDeclarator')].some(({ id, init }) => {
      return id.name === schema['name'] && init?.type === 'CallExpression' && mentionsFunctions(file, init)
    })
  }
  if (schema.type !== 'CallExpression') return false
  return (schema['arguments'] as readonly Node[]).some((part) => {
    const parts = part.type === 'ArrayExpression' ? (part['elements'] as readonly (Node | null)[]) : [part]
    return parts.some((each) => each !== null && YAML_WITH_FUNCTIONS.test(file.nameOf(each) ?? ''))
  })
}

function versionOf(file: SourceFile, name: string): string {
  for (const key of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    const list = file.manifest?.[key] as Readonly<Record<string, unknown>> | undefined
    if (typeof list?.[name] === 'string') return list[name]
  }
  return ''
}

function isTrue(file: SourceFile, node: Node | undefined): boolean {
  return node !== undefined && file.valueOf(node) === true
}
