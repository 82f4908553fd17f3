/** The version of this package, for the `User-Agent`. */
export const VERSION: string = '0.1.0'
