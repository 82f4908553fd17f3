const OWN = /node_modules|node:internal|[/\\](?:library|bulwark)[/\\](?:dist[/\\])?(?:adapters|runtime)[/\\]/

/** `file:line` of the app's own code that is calling, relative to the working directory where it lies below it. */
export function callSite(): string | undefined {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 30
  const lines = (new Error().stack ?? '').split('\n').slice(2)
  Error.stackTraceLimit = stackTraceLimit
  for (const line of lines) {
    if (OWN.test(line)) continue
    const place = /\(?((?:file:\/\/)?[^\s()]+):(\d+):\d+\)?$/.exec(line)
    if (place) return `${place[1]!.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '')}:${place[2]}`
  }
  return undefined
}
