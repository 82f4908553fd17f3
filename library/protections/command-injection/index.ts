export { guardCommands } from './commands/guard-commands.ts'
