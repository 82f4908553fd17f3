/** The MongoDB double as a process of its own: `main.ts PORT USER`, and the password in the first line of the file named third. */
import { readFileSync } from 'node:fs'
import { listen } from './listen.ts'

const [port, user, passwordFile] = process.argv.slice(2)
if (!port || !user || !passwordFile) throw new Error('main.ts PORT USER PASSWORD-FILE')
await listen({ port: Number(port), user, password: readFileSync(passwordFile, 'utf8').trim() })
console.log('the MongoDB double is ready to accept connections')
