import { fileURLToPath } from 'node:url'

/** Bulwark's own frames; its tests are apps like any other. */
const OWN = [fileURLToPath(new URL('.', import.meta.url)), fileURLToPath(new URL('../adapters/', import.meta.url))]

/** `file:line` of the app's own code that is calling, relative to the working directory where it lies below it. */
export function callSite(): string | undefined {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 30
  const lines = (new Error().stack ?? '').split('\n').slice(2)
  Error.stackTraceLimit = stackTraceLimit
  for (const line of lines) {
    if (line.includes('node_modules') || line.includes('node:')) continue
    if (OWN.some((folder) => line.includes(folder)) && !line.includes('.test.')) continue
    const place = /\(?((?:file:\/\/)?[^\s()]+):(\d+):\d+\)?$/.exec(line)
    if (place) return `${place[1]?.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '')}:${place[2]}`
  }
  return undefined
}
