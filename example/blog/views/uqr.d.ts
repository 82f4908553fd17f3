/** What the blog uses of the package, so that the types of this repository need nothing installed. */
declare module 'uqr' {
  export function encode(
    text: string,
    options?: { readonly border?: number },
  ): { readonly size: number; readonly data: readonly (readonly boolean[])[] }
}
