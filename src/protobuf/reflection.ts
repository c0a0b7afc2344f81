/**
 * The messages of server reflection (grpc.reflection.v1), and the descriptor set that answers them. The files of the set
 * stay bytes: a client receives each file as the compiler made it.
 */
import $protobuf from 'protobufjs/minimal.js';
import { decodeMessage } from './values.js';

const { Reader, Writer } = $protobuf;
type PbReader = InstanceType<typeof Reader>;
type PbWriter = InstanceType<typeof Writer>;

const tag = (field: number, wireType = 2): number => (field << 3) | wireType;

/** The numbers of google.rpc.Code that an answer may have. */
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

// ---- the descriptor set ---------------------------------------------------------

/** The fields with the parts of a descriptor that have names of their own, by the kind of the descriptor. */
type Kind = 'file' | 'message' | 'enum' | 'service' | 'leaf';
const PARTS: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  file: { 4: 'message', 5: 'enum', 6: 'service', 7: 'leaf' },
  message: { 2: 'leaf', 3: 'message', 4: 'enum', 6: 'leaf', 8: 'leaf' },
  enum: { 2: 'leaf' },
  service: { 2: 'leaf' },
  leaf: {},
};

const NAME = 1;
const PACKAGE = 2;
const DEPENDENCY = 3;

interface File {
  readonly bytes: Uint8Array;
  readonly dependencies: readonly string[];
}

/** The files of a descriptor set by their names, and by the names that they declare. */
export class DescriptorSet {
  readonly #files = new Map<string, File>();
  readonly #declaredIn = new Map<string, string>();
  readonly #services = new Set<string>();

  /** @param bytes a google.protobuf.FileDescriptorSet. A file that comes twice counts once. */
  constructor(bytes: Buffer) {
    eachField(Reader.create(bytes), bytes.length, (field, reader) => {
      if (field === 1) this.#add(reader.bytes());
    });
  }

  /** The names of all services, in order. */
  get services(): string[] {
    return [...this.#services].sort();
  }

  /** The file and all that it imports, at any depth. Undefined if there is no such file. */
  file(name: string): Uint8Array[] | undefined {
    if (!this.#files.has(name)) return undefined;
    const names = new Set([name]);
    for (const each of names) for (const imported of this.#files.get(each)?.dependencies ?? []) names.add(imported);
    return [...names].flatMap((each) => this.#files.get(each)?.bytes ?? []);
  }

  /** The file that declares a message, field, enum, value, service or method, with all that it imports. */
  fileOf(symbol: string): Uint8Array[] | undefined {
    return this.file(this.#declaredIn.get(symbol) ?? '');
  }

  #add(bytes: Uint8Array): void {
    const { name = '', scope = '', dependencies } = headOf(bytes);
    this.#files.set(name, { bytes, dependencies });
    this.#index('file', Reader.create(bytes), bytes.length, { scope, file: name });
  }

  /** Indexes the parts of a descriptor, whose own name is `scope`. */
  #index(kind: Kind, reader: PbReader, end: number, at: { readonly scope: string; readonly file: string }): void {
    eachField(reader, end, (field) => {
      const part = PARTS[kind][field];
      if (part === undefined) return;
      const partEnd = reader.uint32() + reader.pos;
      const scope = joined(at.scope, nameIn(reader, partEnd));
      this.#declaredIn.set(scope, at.file);
      if (part === 'service') this.#services.add(scope);
      this.#index(part, reader, partEnd, { scope, file: at.file });
      reader.pos = partEnd;
    });
  }
}

function headOf(bytes: Uint8Array) {
  const head: { name?: string; scope?: string; dependencies: string[] } = { dependencies: [] };
  eachField(Reader.create(bytes), bytes.length, (field, reader) => {
    if (field === NAME) head.name = reader.string();
    else if (field === PACKAGE) head.scope = reader.string();
    else if (field === DEPENDENCY) head.dependencies.push(reader.string());
  });
  return head;
}

/** The name in the descriptor that begins here. The reader stays where it is. */
function nameIn(reader: PbReader, end: number): string {
  const start = reader.pos;
  let name = '';
  eachField(reader, end, (field) => {
    if (field === NAME) name = reader.string();
  });
  reader.pos = start;
  return name;
}

function joined(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}

/** Calls `read` behind the tag of each field of a message. Skips the field if `read` leaves it. */
function eachField(reader: PbReader, end: number, read: (field: number, reader: PbReader) => void): void {
  while (reader.pos < end) {
    const fieldTag = reader.uint32();
    const start = reader.pos;
    read(fieldTag >>> 3, reader);
    if (reader.pos === start) reader.skipType(fieldTag & 7);
  }
}

// ---- requests and answers -------------------------------------------------------

const HOST = 1;
const FILE_BY_FILENAME = 3;
const FILE_CONTAINING_SYMBOL = 4;
const LIST_SERVICES = 7;

interface Request {
  readonly host: string;
  /** The number of the field that asks. Undefined if none does. */
  readonly asks: number | undefined;
  readonly text: string;
}

const REQUEST = {
  decode(source: Uint8Array | PbReader): Request {
    const request = { host: '', asks: undefined as number | undefined, text: '' };
    const reader = source instanceof Reader ? source : Reader.create(source);
    eachField(reader, reader.len, (field) => {
      if (field === HOST) request.host = reader.string();
      else if (field >= FILE_BY_FILENAME && field <= LIST_SERVICES) {
        request.asks = field;
        request.text = Buffer.from(reader.bytes()).toString();
      }
    });
    return request;
  },
};

/**
 * Answers a ServerReflectionRequest with the bytes of a ServerReflectionResponse.
 * @throws HeadwaterError `invalid_argument` if the bytes are no such request.
 */
export function answerReflection(bytes: Buffer, set: DescriptorSet): Buffer {
  const { host, asks, text } = decodeMessage('ServerReflectionRequest', bytes, REQUEST);
  const answer = Writer.create();
  if (host !== '') answer.uint32(tag(1)).string(host);
  answer.uint32(tag(2)).bytes(bytes);
  if (asks === FILE_BY_FILENAME) files(answer, set.file(text), `file ${text}`);
  else if (asks === FILE_CONTAINING_SYMBOL) files(answer, set.fileOf(text), `symbol ${text}`);
  else if (asks === LIST_SERVICES) services(answer, set.services);
  // The protocol has no extensions, and never will: proto3 has none.
  else if (asks !== undefined) refuse(answer, NOT_FOUND, 'there are no extensions');
  else refuse(answer, UNIMPLEMENTED, 'the request asks for nothing that this version knows');
  return answer.finish() as Buffer;
}

function files(answer: PbWriter, found: readonly Uint8Array[] | undefined, what: string): void {
  if (!found) return refuse(answer, NOT_FOUND, `there is no ${what}`);
  answer.uint32(tag(4)).fork();
  for (const file of found) answer.uint32(tag(1)).bytes(file);
  answer.ldelim();
}

function services(answer: PbWriter, names: readonly string[]): void {
  answer.uint32(tag(6)).fork();
  for (const name of names) answer.uint32(tag(1)).fork().uint32(tag(1)).string(name).ldelim();
  answer.ldelim();
}

function refuse(answer: PbWriter, code: number, message: string): void {
  answer.uint32(tag(7)).fork().uint32(tag(1, 0)).int32(code).uint32(tag(2)).string(message).ldelim();
}
