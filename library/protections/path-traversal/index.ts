export { type FilesOptions, guardFiles } from './files/guard-files.ts'
export { PathRefused } from './inside/refused-path.ts'
export { resolveInside, resolveRealInside } from './inside/resolve-inside.ts'
