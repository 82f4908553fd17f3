/**
 * A copy of an object with these fields and nothing else: what a client may set, where a route has no schema.
 *
 * Fields that are not there are left out, and so is everything when `values` is no object.
 * **Security**: only own fields are copied, and `__proto__` never is (CWE-915, CWE-1321, ASVS 15.3.3).
 */
export function pick<T extends object, const Name extends string>(
  values: T | null | undefined,
  names: readonly Name[],
): { [Key in Name]?: Key extends keyof T ? T[Key] : unknown } {
  const picked: Record<string, unknown> = {}
  if (typeof values === 'object' && values !== null) {
    for (const name of names) {
      if (name !== '__proto__' && Object.hasOwn(values, name)) picked[name] = (values as Record<string, unknown>)[name]
    }
  }
  return picked as { [Key in Name]?: Key extends keyof T ? T[Key] : unknown }
}
