/**
 * What there is once in a process, however many copies of this module there are in it: one for `require` and one for `import`, one per version
 * of the package, one that was preloaded and one that the app installed. Whoever asks first makes it.
 *
 * **Security**: what one copy was told to allow, or has seen a client store, must count for the copy that judges.
 */
export function shared<T extends object>(name: string, make: () => T): T {
  const all = globalThis as unknown as Record<symbol, T | undefined>
  return (all[Symbol.for(`bulwark.${name}`)] ??= make())
}
