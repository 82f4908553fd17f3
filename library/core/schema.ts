import type { Awaitable } from './exchange.ts'
import type { UploadedFile } from './upload.ts'

/**
 * What a value must look like: any schema of the Standard Schema specification, version 1, such as those of zod, valibot, arktype, joi and
 * yup. Source: https://standardschema.dev
 */
export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    /** The library that made it. */
    readonly vendor: string
    readonly validate: (value: unknown) => Awaitable<SchemaResult<Output>>
    /** For the compiler alone. */
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output = unknown> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** What a schema makes of a value that it accepts. */
export type OutputOf<S> = S extends Schema<infer Output> ? Output : undefined

/** What a route takes, part by part. */
export interface InputSchemas {
  readonly body?: Schema
  readonly query?: Schema
  readonly params?: Schema
  readonly headers?: Schema
}

/** What a handler gets of the parts that its contract declares; `undefined` for the others. */
export type InputOf<Declared> = {
  readonly [Part in keyof Required<InputSchemas>]: Declared extends { readonly [K in Part]: infer S }
    ? OutputOf<S>
    : undefined
} & {
  readonly files: Declared extends { readonly files: infer Fields }
    ? { readonly [Name in keyof Fields]: readonly UploadedFile[] }
    : undefined
}

declare const INPUT: unique symbol

/** How adapters carry the type of a route's input from its contract to its handler. Nothing of it exists at run time. */
export interface Carried<Input> {
  readonly [INPUT]?: Input
}

/** The type that was carried, if any was. */
export type CarriedInput<Carrier> = Carrier extends Carried<infer Input> ? Input : unknown

/** One thing that is wrong with what a client sent. */
export interface FieldError {
  /** Where, such as `author.name` or `tags.0`; empty for the whole of it. */
  readonly path: string
  /** **Security**: never holds what the client sent. */
  readonly message: string
}
