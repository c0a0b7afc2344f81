/** The way from a noun to the bytes of a message and back. The generic codec of protobuf/ makes them. */
export interface Codec<Noun> {
  readonly encode: (noun: Noun) => Buffer;
  readonly decode: (bytes: Buffer) => Noun;
}
