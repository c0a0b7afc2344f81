/**
 * The public declarations of the package, as an editor sees them: a walk over the packed .d.ts with the API of a
 * compiler of the consumer. TypeScript 7.0 has no such API.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Consumer } from './consumer.js';

/** The part of TypeScript's API that is used here. The package `typescript` of the repository has no types for it. */
interface Api {
  createProgram(files: readonly string[], options: object): Program;
  forEachChild(node: Syntax, visit: (node: Syntax) => void): void;
  readonly SyntaxKind: Readonly<Record<string, number>>;
  readonly SymbolFlags: Readonly<Record<'Alias', number>>;
  readonly ModuleKind: Readonly<Record<'NodeNext', number>>;
}

interface Program {
  getTypeChecker(): Checker;
  getSourceFile(file: string): Syntax | undefined;
}

interface Checker {
  getSymbolAtLocation(node: Syntax): Name | undefined;
  getExportsOfModule(module: Name): Name[];
  getAliasedSymbol(name: Name): Name;
}

interface Name {
  readonly name: string;
  readonly flags: number;
  readonly declarations?: readonly Syntax[];
  getDocumentationComment(checker: Checker): ReadonlyArray<{ readonly text: string }>;
  getJsDocTags(checker: Checker): ReadonlyArray<{ readonly name: string }>;
}

interface Syntax {
  readonly kind: number;
  readonly name?: Syntax & { readonly text?: string };
  readonly typeName?: Syntax;
  readonly exprName?: Syntax;
  readonly expression?: Syntax;
  readonly type?: Syntax;
  readonly members?: readonly Syntax[];
  readonly parent: Syntax;
  readonly modifiers?: readonly Syntax[];
  readonly symbol?: Name;
  getSourceFile(): { readonly fileName: string };
  getText(): string;
}

const COMPILER = 'typescript-6.0';

/** The entries for programs. */
const ENTRIES = ['dist/src/index.d.ts', 'dist/src/client/index.d.ts'];

/** The entry for the command line, of which the exported names alone are documented. */
const TOOLS = 'dist/src/tools.d.ts';

/** Every public member without documentation, and every type in a signature that its entry does not export. */
export async function publicFaults(consumer: Consumer): Promise<string[]> {
  const require = createRequire(import.meta.url);
  const api = require(path.join(consumer.folder, 'node_modules', COMPILER)) as Api;
  const files = [...ENTRIES, TOOLS].map((entry) => path.join(consumer.installed, entry));
  const program = api.createProgram(files, { module: api.ModuleKind.NodeNext, strict: true, target: 9 });
  const walks = files.map((file) => new Walk(api, program, file, consumer.installed));
  const faults = walks.flatMap((walk, at) => (at < ENTRIES.length ? walk.faults() : walk.undocumented()));
  return [...new Set(faults)];
}

class Walk {
  readonly #api: Api;
  readonly #checker: Checker;
  readonly #exports: readonly Name[];
  readonly #home: string;
  readonly #faults: string[] = [];

  constructor(api: Api, program: Program, file: string, home: string) {
    this.#api = api;
    this.#checker = program.getTypeChecker();
    this.#home = home;
    const module = this.#checker.getSymbolAtLocation(program.getSourceFile(file) as Syntax) as Name;
    this.#exports = this.#checker.getExportsOfModule(module).map((name) => this.#target(name));
  }

  faults(): string[] {
    for (const name of this.#exports) for (const declaration of name.declarations ?? []) this.#visit(declaration, name);
    return [...this.undocumented(), ...this.#faults];
  }

  /** The exported names without documentation. */
  undocumented(): string[] {
    if (this.#exports.length < 20)
      throw new Error(`expected the exports of an entry, received ${this.#exports.length} names`);
    const without = this.#exports.filter((name) => !this.#isDocumented(name));
    return without.map(({ name }) => `${name} has no documentation`);
  }

  #target(name: Name): Name {
    return name.flags & this.#api.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(name) : name;
  }

  #isDocumented(name: Name): boolean {
    return name.getDocumentationComment(this.#checker).length > 0 || name.getJsDocTags(this.#checker).length > 0;
  }

  #visit(node: Syntax, owner: Name): void {
    const { SyntaxKind: kinds } = this.#api;
    // A mapped type names helpers that nobody writes. Its properties are those of its source.
    if (node.kind === kinds.MappedType || this.#isPrivate(node)) return;
    if (node.kind === kinds.PropertySignature || node.kind === kinds.PropertyDeclaration) this.#member(node, owner);
    if (node.kind === kinds.MethodSignature || node.kind === kinds.MethodDeclaration) this.#member(node, owner);
    if (node.kind === kinds.GetAccessor) this.#member(node, owner);
    const reference =
      node.kind === kinds.TypeReference
        ? node.typeName
        : node.kind === kinds.ExpressionWithTypeArguments
          ? node.expression
          : undefined;
    if (reference) this.#reference(reference, owner);
    this.#api.forEachChild(node, (child) => this.#visit(child, owner));
  }

  #isPrivate(node: Syntax): boolean {
    const { SyntaxKind: kinds } = this.#api;
    if (node.name?.kind === kinds.PrivateIdentifier) return true;
    return node.modifiers?.some(({ kind }) => kind === kinds.PrivateKeyword) ?? false;
  }

  /**
   * The tag of a variant, such as `kind: 'set'`, says all by itself. The other fields of the variants of a union may be
   * explained together: the documentation of the union then names each of them.
   */
  #member(node: Syntax, owner: Name): void {
    if (node.type?.kind === this.#api.SyntaxKind.LiteralType || !node.name) return;
    const name = node.symbol ?? this.#checker.getSymbolAtLocation(node.name);
    const text = node.name.getText();
    const together = owner.getDocumentationComment(this.#checker).map((part) => part.text);
    if (node.parent.kind === this.#api.SyntaxKind.TypeLiteral && together.join('').includes(`\`${text}\``)) return;
    if (name && !this.#isDocumented(name)) this.#faults.push(`${owner.name}.${text} has no documentation`);
  }

  #reference(node: Syntax, owner: Name): void {
    const found = this.#checker.getSymbolAtLocation(node);
    const name = found && this.#target(found);
    const declaration = name?.declarations?.[0];
    if (!declaration?.getSourceFile().fileName.startsWith(this.#home)) return;
    if (declaration.kind === this.#api.SyntaxKind.TypeParameter || this.#exports.includes(name as Name)) return;
    this.#faults.push(`${owner.name} names ${node.getText()}, which is not exported`);
  }
}
