#!/usr/bin/env node
import { readFileSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`bulwark needs Node.js 20.19 or newer; this is ${process.version}.`)
  process.exitCode = 2
} else {
  const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'))
  const { run } = await import('./dist/main.js')
  const { processIo } = await import('./dist/io.js')
  process.exitCode = await run(process.argv.slice(2), processIo(version))
}
